"""The ports of the business, implemented on Azure Table storage and Key Vault."""
