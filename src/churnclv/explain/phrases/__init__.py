"""What features say of a customer, in words of several languages."""
