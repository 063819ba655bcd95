"""What every stand-in for ``shared.caselle.client.TokenSource`` shares."""


class TrustedToken:
    """No token of it has to pass a read before a write."""

    async def needs_read(self, biller_id, token):
        return False

    def note_passed(self, biller_id, token):
        pass

    def note_refused(self, biller_id, token):
        pass
