"""Adds the stack's notifications to a bucket that is not the stack's."""
