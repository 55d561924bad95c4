"""The wire: messages, codec, schema and mask code. All that a client needs, and it imports nothing of the line."""
