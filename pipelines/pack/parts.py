"""What every part of a pack is made of: the strict base model and texts in both languages."""

from typing import Annotated

import pydantic


class Part(pydantic.BaseModel):
    """A part of `city.yml`: nothing may be said in it that is not known here."""

    model_config = pydantic.ConfigDict(extra="forbid", frozen=True)


class Text(Part):
    """A text in both languages."""

    en: Annotated[str, pydantic.Field(description="The text in English")]
    zh: Annotated[str, pydantic.Field(description="The text in Chinese")]


Character = Annotated[str, pydantic.Field(pattern=r"^[^\r\n]$")]
