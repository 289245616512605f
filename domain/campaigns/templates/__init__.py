"""Templates of mails: their versions, what they may hold, and how they become mails."""
