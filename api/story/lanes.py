"""The lanes of the demo: which farms feed which mill, crossing, warehouse and market. Data, by the names of places.

All of it is told about the corridor of Lampung and Jakarta; names are those of tracking/data/lampung-jakarta.json.
Yields, prices and rhythms are working values: milling yield 0.63 and carcass yield 0.72 are usual textbook figures,
prices lie near the reference prices of 2025 (HET premium rice 14,900, HAP chicken 40,000 IDR/kg).
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Lane:
    """One way from some farms to one market, gone again and again."""

    key: str
    farms: tuple[str, ...]
    harvest: str
    units_per_farm: int
    crossing: str  # sea, ferry
    warehouse: str | None  # None: straight from a slaughterhouse in Jakarta to the market
    room: str
    market: str
    buyer: str
    price_idr_kg: int
    every_h: int
    phase_h: int
    works: str | None = None  # mill, packing house or slaughterhouse
    makes: str | None = None
    share_out: float = 1.0  # kilograms that come out of one that goes in
    heads_per_unit: int | None = None
    works_beyond: bool = False  # the slaughterhouse lies beyond the crossing: birds travel live
    trucks: int = 2  # that take turns on the long haul
    carries_c: float | None = None  # temperature of the load
    queue_h: int = 0  # hours in the queue before the ferry, which nobody planned
    loses_papers_every: int = 0  # every so many journeys, the papers were forgotten
    too_warm_every: int = 0
    underweight_every: int = 0
    sold_twice_every: int = 0
    recalled_every: int = 0


LANES = (
    Lane(
        "rice-rukti",
        ("Lahan 1, Rukti Harjo", "Lahan 2, Rukti Harjo", "Lahan 3, Rukti Harjo", "Lahan 1, Rejo Asri"),
        "Gabah kering giling",
        2,
        "sea",
        "Gudang Bersama Marunda",
        "K1",
        "Pasar Induk Beras Cipinang",
        "Toko Beras Melati",
        14500,
        24,
        0,
        works="Penggilingan Padi Rukti",
        makes="Beras premium",
        share_out=0.63,
    ),
    Lane(
        "rice-palas",
        ("Lahan 1, Bangunan", "Lahan 2, Bangunan"),
        "Gabah kering giling",
        3,
        "ferry",
        "Gudang Bersama Cakung",
        "K1",
        "Pasar Minggu",
        "Kios Sembako Kenanga",
        13200,
        12,
        2,
        works="Penggilingan Padi Palas",
        makes="Beras medium",
        share_out=0.63,
    ),
    Lane(
        "rice-sekampung",
        ("Lahan 1, Sumber Gede", "Lahan 1, Yosomulyo", "Lahan 1, Toto Katon"),
        "Gabah kering giling",
        2,
        "sea",
        "Gudang Bersama Marunda",
        "K2",
        "Pasar Jatinegara",
        "Toko Pangan Anggrek",
        13100,
        24,
        1,
        works="Penggilingan Padi Sekampung",
        makes="Beras medium",
        share_out=0.63,
    ),
    Lane(
        "rice-ambarawa",
        ("Lahan 1, Ambarawa", "Lahan 2, Ambarawa"),
        "Gabah kering giling",
        3,
        "ferry",
        "Gudang Bersama Cakung",
        "K1",
        "Pasar Koja",
        "Kios Sembako Kenanga",
        14700,
        12,
        8,
        trucks=4,
        queue_h=9,
    ),
    Lane(
        "corn-jatiagung",
        ("Lahan 1, Karang Anyar", "Lahan 2, Karang Anyar"),
        "Jagung pipilan kering",
        3,
        "sea",
        "Gudang Bersama Marunda",
        "K2",
        "Pasar Jatinegara",
        "Toko Pangan Anggrek",
        6800,
        24,
        2,
        works="Pengering Jagung Natar",
        makes="Jagung pakan kadar air 14%",
        share_out=0.95,
        underweight_every=4,
    ),
    Lane(
        "corn-ketapang",
        ("Lahan 1, Sripendowo", "Lahan 2, Sripendowo"),
        "Jagung pipilan kering",
        3,
        "ferry",
        "Gudang Bersama Cakung",
        "K1",
        "Pasar Koja",
        "Dapur Katering Nusa Boga",
        7000,
        12,
        1,
        trucks=3,
        queue_h=9,
    ),
    Lane(
        "corn-katon",
        ("Lahan 1, Negeri Katon", "Lahan 2, Negeri Katon", "Lahan 1, Pakuan Aji"),
        "Jagung pipilan kering",
        2,
        "sea",
        "Gudang Bersama Marunda",
        "K2",
        "Pasar Senen",
        "Dapur Katering Nusa Boga",
        11500,
        24,
        4,
        works="Pengering Jagung Natar",
        makes="Beras jagung",
        share_out=0.75,
    ),
    Lane(
        "banana-gisting",
        ("Lahan 1, Gisting Bawah", "Lahan 2, Gisting Bawah", "Lahan 1, Sidokaton"),
        "Pisang cavendish",
        2,
        "ferry",
        "Gudang Bersama Cakung",
        "D1",
        "Pasar Senen",
        "Kios Buah Flamboyan",
        23500,
        12,
        5,
        carries_c=14.2,
        trucks=3,
        sold_twice_every=5,
    ),
    Lane(
        "banana-penengahan",
        ("Lahan 1, Pasuruan",),
        "Pisang kepok",
        5,
        "ferry",
        "Gudang Bersama Cakung",
        "D1",
        "Pasar Minggu",
        "Kios Sembako Kenanga",
        12500,
        12,
        9,
        loses_papers_every=5,
    ),
    Lane(
        "banana-cermin",
        ("Lahan 1, Padang Cermin", "Lahan 2, Padang Cermin"),
        "Pisang ambon",
        3,
        "sea",
        "Gudang Bersama Marunda",
        "D1",
        "Pasar Jatinegara",
        "Toko Pangan Anggrek",
        16500,
        24,
        5,
    ),
    Lane(
        "chicken-lematang",
        ("Kandang 1, Lematang", "Kandang 1, Sidosari"),
        "Ayam ras hidup",
        3,
        "ferry",
        "Gudang Bersama Marunda",
        "D1",
        "Pasar Kramat Jati",
        "Lapak Unggas Teratai",
        38500,
        12,
        6,
        works="RPHU Tanjung Bintang",
        makes="Karkas ayam dingin",
        share_out=0.72,
        heads_per_unit=12,
        carries_c=2.4,
        too_warm_every=4,
    ),
    Lane(
        "chicken-bagelen",
        ("Kandang 1, Bagelen", "Kandang 2, Sidosari"),
        "Ayam ras hidup",
        3,
        "sea",
        "Gudang Bersama Marunda",
        "B1",
        "Pasar Koja",
        "Lapak Unggas Teratai",
        39500,
        24,
        3,
        works="RPHU Tanjung Bintang",
        makes="Karkas ayam beku",
        share_out=0.72,
        heads_per_unit=12,
        carries_c=-18.6,
        recalled_every=5,
    ),
    Lane(
        "chicken-adijaya",
        ("Kandang 1, Adi Jaya",),
        "Ayam ras hidup",
        5,
        "ferry",
        None,
        "",
        "Pasar Kramat Jati",
        "Lapak Unggas Teratai",
        37800,
        12,
        11,
        works="RPHU Rorotan",
        makes="Karkas ayam dingin",
        share_out=0.72,
        heads_per_unit=12,
        works_beyond=True,
    ),
)
