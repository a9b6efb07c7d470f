"""What a scan says of a person, taken out before anything is sent (decision 32)."""
