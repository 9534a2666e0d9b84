"""Files: artifacts of flows, the inbox, destinations, and the disks and buckets that they lie on."""
