"""What a phone or station may tell in one scan: one model a step, named by its CBV business step.

Strict: a number is a number, an unknown field is an error, so that nothing told is silently dropped. Weights are
kilograms with at most three decimals, temperatures °C, moments aware instants by the phone's own clock.
"""

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, TypeAdapter, model_validator

TAGS_MAX = 500


def _is_uuid7(value: UUID) -> UUID:
    if value.version != 7:
        raise ValueError("must be a UUIDv7, made by the phone")
    return value


def _aware(value: datetime) -> datetime:
    if value.utcoffset() is None:
        raise ValueError("must say its offset from UTC, as in 2026-11-21T10:42:00+07:00")
    try:
        return value.astimezone(UTC)
    except OverflowError:
        raise ValueError("lies outside the years 1 to 9999") from None


def _number(value: Any) -> Any:
    """A JSON number or a decimal in a string; never a boolean, never text that merely looks like one."""
    if isinstance(value, bool) or not isinstance(value, int | float | str | Decimal):
        raise ValueError("must be a number")
    return str(value) if isinstance(value, float) else value


def _text(value: str) -> str:
    if "\x00" in value:
        raise ValueError("holds a NUL character")
    if any("\ud800" <= character <= "\udfff" for character in value):
        raise ValueError("holds half a character (a lone surrogate)")
    return value


Text = Annotated[str, AfterValidator(_text)]
Moment = Annotated[datetime, Field(strict=False), AfterValidator(_aware)]
# Bounded so that a shelf life can always be added to it.
Day = Annotated[date, Field(strict=False, ge=date(2000, 1, 1), le=date(2100, 1, 1))]
Kg = Annotated[
    Decimal, BeforeValidator(_number), Field(strict=False, gt=0, le=1_000_000, decimal_places=3, allow_inf_nan=False)
]
Celsius = Annotated[
    Decimal, BeforeValidator(_number), Field(strict=False, ge=-60, le=80, decimal_places=2, allow_inf_nan=False)
]
Percent = Annotated[
    Decimal, BeforeValidator(_number), Field(strict=False, ge=0, le=100, decimal_places=2, allow_inf_nan=False)
]
Rupiah = Annotated[
    Decimal, BeforeValidator(_number), Field(strict=False, gt=0, le=100_000_000, decimal_places=2, allow_inf_nan=False)
]
Heads = Annotated[int, Field(ge=0, le=1_000_000)]
Tag = Annotated[Text, Field(min_length=1, max_length=500)]
Tags = Annotated[list[Tag], Field(min_length=1, max_length=TAGS_MAX)]
Key = Annotated[Text, Field(min_length=1, max_length=300)]
Keys = Annotated[list[Key], Field(min_length=1, max_length=100)]
LotNumber = Annotated[str, Field(pattern=r"^[0-9A-Za-z.\-/_]{1,20}$")]
Reason = Annotated[Text, Field(min_length=3, max_length=280)]


class Step(BaseModel):
    """What every scan says."""

    model_config = ConfigDict(strict=True, extra="forbid")

    id: Annotated[UUID, Field(strict=False), AfterValidator(_is_uuid7)]
    at: Moment
    site: Key | None = None
    note: Annotated[Text, Field(max_length=280)] | None = None


class Commissioning(Step):
    """A harvest gets its tag: product, lot and weight."""

    step: Literal["commissioning"]
    tag: Tag
    gtin: Annotated[str, Field(pattern=r"^\d{14}$")]
    quantity_kg: Kg
    head_count: Heads | None = None
    lot: LotNumber | None = None
    produced_on: Day | None = None
    photo: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")] | None = None


class Packing(Step):
    """Units go into a crate, cage, pallet or container."""

    step: Literal["packing"]
    parent: Key
    tags: Tags


class Loading(Step):
    """Units, containers or (ro-ro) trucks go onto a carrier."""

    step: Literal["loading"]
    carrier: Key
    tags: Tags | None = None
    containers: Keys | None = None
    carriers: Keys | None = None
    shipment: Key | None = None

    @model_validator(mode="after")
    def _something(self) -> "Loading":
        if not self.tags and not self.carriers and not self.containers:
            raise ValueError("say what is loaded: tags, containers or carriers")
        return self


class Unloading(Step):
    """Units, containers or trucks come off a carrier; without a list, everything."""

    step: Literal["unloading"]
    carrier: Key
    tags: Tags | None = None
    containers: Keys | None = None
    carriers: Keys | None = None
    shipment: Key | None = None


class Passing(Step):
    """A carrier leaves or reaches a site, with all that is in it."""

    step: Literal["departing", "arriving"]
    carrier: Key
    shipment: Key | None = None


class Inspecting(Step):
    """Units or a whole carrier are checked."""

    step: Literal["inspecting"]
    tags: Tags | None = None
    carrier: Key | None = None
    result: Literal["conformant", "non_conformant", "damaged"]
    weight_kg: Kg | None = None
    head_count: Heads | None = None
    temperature_c: Celsius | None = None
    moisture_percent: Percent | None = None
    seal: Annotated[Text, Field(max_length=40)] | None = None
    shipment: Key | None = None

    @model_validator(mode="after")
    def _something(self) -> "Inspecting":
        if (self.tags is None) == (self.carrier is None):
            raise ValueError("say what is checked: tags or a carrier, not both")
        return self


class Accepting(Step):
    """A warehouse or market takes units over."""

    step: Literal["accepting"]
    tags: Tags
    owner: Key | None = None
    shipment: Key | None = None


class Storing(Step):
    """Units go to a room."""

    step: Literal["storing"]
    tags: Tags
    room: Annotated[Text, Field(max_length=20)] | None = None


class Picking(Step):
    """Units are taken out for an order."""

    step: Literal["picking"]
    tags: Tags
    order: Annotated[Text, Field(max_length=40)] | None = None


class Output(BaseModel):
    """One unit made by a mill or slaughterhouse."""

    model_config = ConfigDict(strict=True, extra="forbid")

    tag: Tag
    quantity_kg: Kg
    head_count: Heads | None = None


class Transforming(Step):
    """Inputs become outputs of one new lot: milled, slaughtered, dried, repacked."""

    step: Literal["transforming"]
    inputs: Tags
    outputs: Annotated[list[Output], Field(min_length=1, max_length=TAGS_MAX)]
    gtin: Annotated[str, Field(pattern=r"^\d{14}$")]
    lot: LotNumber | None = None
    produced_on: Day | None = None


class Stocking(Step):
    """Units stand on the shelf of a market."""

    step: Literal["stocking"]
    tags: Tags
    price_idr_kg: Rupiah | None = None


class Selling(Step):
    """Units are sold to whoever eats them."""

    step: Literal["retail_selling"]
    tags: Tags
    price_idr_kg: Rupiah | None = None


class Holding(Step):
    """Units or a lot are held, recalled, or released again."""

    step: Literal["holding", "releasing", "recalling"]
    tags: Tags | None = None
    lot: Key | None = None
    reason: Reason

    @model_validator(mode="after")
    def _something(self) -> "Holding":
        if (self.tags is None) == (self.lot is None):
            raise ValueError("say what is meant: tags or a lot, not both")
        return self


class Measuring(Step):
    """A temperature was read at units or on a carrier."""

    step: Literal["sensor_reporting"]
    tags: Tags | None = None
    carrier: Key | None = None
    temperature_c: Celsius

    @model_validator(mode="after")
    def _something(self) -> "Measuring":
        if (self.tags is None) == (self.carrier is None):
            raise ValueError("say where it was measured: tags or a carrier, not both")
        return self


class Correcting(Step):
    """An earlier scan of one's own was wrong: its events are declared so."""

    step: Literal["correcting"]
    scan: Annotated[UUID, Field(strict=False)]
    reason: Reason


AnyStep = Annotated[
    Commissioning
    | Packing
    | Loading
    | Unloading
    | Passing
    | Inspecting
    | Accepting
    | Storing
    | Picking
    | Transforming
    | Stocking
    | Selling
    | Holding
    | Measuring
    | Correcting,
    Field(discriminator="step"),
]

STEP: TypeAdapter[AnyStep] = TypeAdapter(AnyStep)

# Any one of the permissions named opens the step.
PERMISSIONS_OF: dict[str, tuple[str, ...]] = {
    "commissioning": ("scan:commissioning",),
    "packing": ("scan:loading",),
    "loading": ("scan:loading",),
    "unloading": ("scan:loading",),
    "departing": ("scan:loading",),
    "arriving": ("scan:loading",),
    "inspecting": ("scan:gate", "scan:warehouse"),
    "accepting": ("scan:warehouse", "scan:market"),
    "storing": ("scan:warehouse",),
    "picking": ("scan:warehouse",),
    "transforming": ("scan:processing",),
    "stocking": ("scan:market",),
    "retail_selling": ("scan:market",),
    "holding": ("scan:hold",),
    "releasing": ("scan:hold",),
    "recalling": ("scan:hold",),
    "sensor_reporting": ("readings:report", "scan:gate"),
    "correcting": ("scan:commissioning", "scan:gate", "scan:warehouse", "scan:market", "scan:hold"),
}
