"""The matcher: how surely each field of one side is each field of the other, and on what evidence."""
