"""Durable record: journal, alerts, outbox, snapshots."""
