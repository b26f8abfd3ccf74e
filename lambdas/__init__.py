"""The functions that the stack deploys."""
