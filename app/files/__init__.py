"""Files of tenants, encrypted, in a folder or in a store that speaks S3."""
