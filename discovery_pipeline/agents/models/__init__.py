"""Models: how a vendor's language model is asked: what may be sent, at what cost, over which protocol.

Nothing here knows CrewAI. Requests are made here and nowhere else, so that the gate sees every byte.
"""
