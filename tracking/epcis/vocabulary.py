"""The standard words of the Core Business Vocabulary 2.0, and their three spellings.

A business step may be written `shipping` (JSON-LD's bare word), `https://ref.gs1.org/cbv/BizStep-shipping`
(web URI) or `urn:epcglobal:cbv:bizstep:shipping` (EPCIS 1.2). `web_uri`, `urn` and `bare_word` turn one into
another. Source: GS1 CBV 2.0, sections 7 and 9; GS1 EPCIS 2.0 JSON-LD context.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

CBV = "https://ref.gs1.org/cbv/"
GS1_VOC = "https://gs1.org/voc/"
CBV_URN = "urn:epcglobal:cbv:"

# What the EPCIS JSON-LD context declares by itself; a document need not repeat it.
STANDARD_NAMESPACES: Final[Mapping[str, str]] = MappingProxyType(
    {
        "epcis": "https://ref.gs1.org/epcis/",
        "cbv": CBV,
        "cbvmda": "urn:epcglobal:cbv:mda:",
        "gs1": GS1_VOC,
        "rdfs": "http://www.w3.org/2000/01/rdf-schema#",
        "owl": "http://www.w3.org/2002/07/owl#",
        "xsd": "http://www.w3.org/2001/XMLSchema#",
        "dcterms": "http://purl.org/dc/terms/",
    }
)


@dataclass(frozen=True)
class Vocabulary:
    """One closed list of words: how its web URIs begin, and its URNs ("" where EPCIS 1.2 had none)."""

    name: str
    words: frozenset[str]
    web_stem: str
    urn_stem: str = ""


def words(text: str) -> frozenset[str]:
    """The words of a text as a set: how long closed lists are written here."""
    return frozenset(text.split())


BIZ_STEPS = Vocabulary(
    "business step",
    words(
        """accepting arriving assembling collecting commissioning consigning creating_class_instance cycle_counting
        decommissioning departing destroying disassembling dispensing encoding entering_exiting holding inspecting
        installing killing loading other packing picking receiving removing repackaging repairing replacing reserving
        retail_selling sampling sensor_reporting shipping staging_outbound stock_taking stocking storing transporting
        unloading unpacking void_shipping"""
    ),
    f"{CBV}BizStep-",
    f"{CBV_URN}bizstep:",
)
DISPOSITIONS = Vocabulary(
    "disposition",
    words(
        """active available completeness_inferred completeness_verified conformant container_closed container_open
        damaged destroyed dispensed disposed encoded expired in_progress in_transit inactive mismatch_class
        mismatch_instance mismatch_quantity needs_replacement no_pedigree_match non_conformant non_sellable_other
        partially_dispensed recalled reserved retail_sold returned sellable_accessible sellable_not_accessible stolen
        unavailable unknown"""
    ),
    f"{CBV}Disp-",
    f"{CBV_URN}disp:",
)
BIZ_TRANSACTION_TYPES = Vocabulary(
    "business transaction type",
    words("bol cert desadv inv pedigree po poc prodorder recadv rma testprd testres upevt"),
    f"{CBV}BTT-",
    f"{CBV_URN}btt:",
)
SOURCE_DESTINATION_TYPES = Vocabulary(
    "source or destination type", words("location owning_party possessing_party"), f"{CBV}SDT-", f"{CBV_URN}sdt:"
)
ERROR_REASONS = Vocabulary("error reason", words("did_not_occur incorrect_data"), f"{CBV}ER-", f"{CBV_URN}er:")
SENSOR_COMPONENTS = Vocabulary(
    "sensor component",
    words(
        """altitude axial_distance azimuth easting elevation_angle height latitude longitude northing polar_angle
        spherical_radius x y z"""
    ),
    f"{CBV}Comp-",
)
SENSOR_ALERTS = Vocabulary("sensor alert", words("ALARM_CONDITION ERROR_CONDITION"), GS1_VOC)
SENSOR_MEASUREMENTS = Vocabulary(
    "sensor measurement type",
    words(
        """AbsoluteHumidity AbsorbedDose AbsorbedDoseRate Acceleration Altitude AmountOfSubstance
        AmountOfSubstancePerUnitVolume Angle AngularAcceleration AngularMomentum AngularVelocity Area Capacitance
        Conductance Conductivity Count Density Dimensionless DoseEquivalent DoseEquivalentRate DynamicViscosity
        ElectricCharge ElectricCurrent ElectricCurrentDensity ElectricFieldStrength Energy Exposure Force Frequency
        Illuminance Inductance Irradiance KinematicViscosity Length LinearMomentum Luminance LuminousFlux
        LuminousIntensity MagneticFlux MagneticFluxDensity MagneticVectorPotential Mass MassConcentration MassFlowRate
        MassPerAreaTime MemoryCapacity MolalityOfSolute MolarEnergy MolarMass MolarVolume Power Pressure RadiantFlux
        RadiantIntensity Radioactivity RelativeHumidity Resistance Resistivity SolidAngle SpecificVolume Speed
        SurfaceDensity SurfaceTension Temperature Time Torque Voltage Volume VolumeFlowRate VolumeFraction
        VolumetricFlux Wavenumber"""
    ),
    GS1_VOC,
)
VOCABULARIES: Final = (
    BIZ_STEPS,
    DISPOSITIONS,
    BIZ_TRANSACTION_TYPES,
    SOURCE_DESTINATION_TYPES,
    ERROR_REASONS,
    SENSOR_COMPONENTS,
    SENSOR_ALERTS,
    SENSOR_MEASUREMENTS,
)

ACTIONS: Final = frozenset({"ADD", "OBSERVE", "DELETE"})
EVENT_TYPES: Final = (
    "ObjectEvent",
    "AggregationEvent",
    "TransactionEvent",
    "TransformationEvent",
    "AssociationEvent",
)

# Master data of a lot or a single thing that may stand in `ilmd` as `cbvmda:…` (CBV 2.0, section 10.2);
# those about fishing vessels are left out.
LOT_ATTRIBUTES: Final = words(
    """bestBeforeDate countryOfExport countryOfOrigin drainedWeight farmList firstFreezeDate grossWeight
    growingMethodCode harvestEndDate harvestStartDate itemExpirationDate lotNumber netWeight
    preservationTechniqueCode productionDate sellByDate storageStateCode"""
)

# UN/ECE Recommendation 20: the units that our events use. A count has no unit.
KILOGRAM = "KGM"
DEGREE_CELSIUS = "CEL"
PERCENT = "P1"


def web_uri(vocabulary: Vocabulary, value: str) -> str:
    """`value` as a CBV web URI where it is one of the words or a CBV URN of this vocabulary, else unchanged."""
    if value in vocabulary.words:
        return vocabulary.web_stem + value
    if vocabulary.urn_stem and value.startswith(vocabulary.urn_stem):
        return vocabulary.web_stem + value[len(vocabulary.urn_stem) :]
    return value


def bare_word(vocabulary: Vocabulary, value: str) -> str:
    """`value` as the bare word that JSON-LD wants where it is a standard term in any spelling, else unchanged."""
    for stem in (vocabulary.web_stem, vocabulary.urn_stem, _curie_stem(vocabulary)):
        if stem and value.startswith(stem) and value[len(stem) :] in vocabulary.words:
            return value[len(stem) :]
    return value


def urn(vocabulary: Vocabulary, value: str) -> str:
    """`value` as an EPCIS 1.2 URN where it is a standard term and such a URN exists, else unchanged."""
    word = bare_word(vocabulary, value)
    return vocabulary.urn_stem + word if vocabulary.urn_stem and word in vocabulary.words else value


def standard_uri(value: str) -> str:
    """A CBV URN of any vocabulary as its web URI, else unchanged. Source: CBV 2.0, event hash rule on URNs."""
    if value.startswith(CBV_URN):
        for vocabulary in VOCABULARIES:
            if vocabulary.urn_stem and value.startswith(vocabulary.urn_stem):
                return vocabulary.web_stem + value[len(vocabulary.urn_stem) :]
    return value


def _curie_stem(vocabulary: Vocabulary) -> str:
    for prefix, namespace in (("cbv", CBV), ("gs1", GS1_VOC)):
        if vocabulary.web_stem.startswith(namespace):
            return f"{prefix}:{vocabulary.web_stem[len(namespace) :]}"
    return ""
