"""Data contracts: what a source agrees to deliver, written from the pack and checked before anything is sent."""
