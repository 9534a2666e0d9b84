"""The life of a flow: tenant, commands, events, state. Pure."""
