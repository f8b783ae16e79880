"""Call-backs: the records, the seats they hold, the support desk."""
