"""pydantic as whoever has a model needs it: with the first one it loads its second half."""

from pydantic import AwareDatetime, BaseModel, SecretStr


class Message(BaseModel):
    """The first one."""

    at: AwareDatetime
    secret: SecretStr
