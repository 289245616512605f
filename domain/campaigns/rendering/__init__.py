"""How a version of a template becomes mails: what many share is made once, and filled in for each."""
