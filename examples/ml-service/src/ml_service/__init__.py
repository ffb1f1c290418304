"""Which team should answer a message? A small service that trains itself when it starts."""
