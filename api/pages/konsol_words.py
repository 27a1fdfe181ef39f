"""What the console calls things: stages, steps, findings with their verb, papers, zones, roles."""

from typing import Any

from babel.support import LazyProxy

from api.pages import rendering, words
from api.pages.rendering import _


def ngettext(singular: str, plural: str, count: int) -> LazyProxy:
    """A counted sentence, marked here and translated when a page shows it; %(n)s is the count as people write it."""

    def say() -> str:
        shown = words.number(count, rendering.voice().language)
        return rendering.ngettext(singular, plural, count) % {"n": shown}

    return LazyProxy(say, enable_cache=False)


STAGES = {
    "expected": _("Di jalan"),
    "gate": _("Gerbang"),
    "inspection": _("Periksa"),
    "yard": _("Lapangan"),
    "loading": _("Muat"),
}

STEPS = {
    "commissioning": _("Ditandai"),
    "packing": _("Dikemas"),
    "loading": _("Dimuat"),
    "unloading": _("Dibongkar"),
    "departing": _("Berangkat"),
    "arriving": _("Tiba"),
    "inspecting": _("Diperiksa"),
    "accepting": _("Diterima"),
    "receiving": _("Diterima"),
    "storing": _("Disimpan"),
    "picking": _("Diambil untuk pesanan"),
    "transforming": _("Diolah"),
    "stocking": _("Di rak"),
    "retail_selling": _("Terjual"),
    "holding": _("Ditahan"),
    "releasing": _("Dilepas dari tahanan"),
    "recalling": _("Ditarik"),
    "sensor_reporting": _("Suhu diukur"),
    "correcting": _("Dibetulkan"),
}

# What a story's stop is called, by `tracking.itinerary`'s words.
STOPS = {
    "harvested": _("Panen"),
    "processed": _("Diolah"),
    "tagged": _("Ditandai"),
    "packed": _("Dikemas"),
    "loaded": _("Dimuat"),
    "departed": _("Berangkat"),
    "arrived": _("Tiba"),
    "checked": _("Diperiksa"),
    "sea": _("Lewat laut"),
    "ferry": _("Lewat feri"),
    "unloaded": _("Dibongkar"),
    "received": _("Diterima"),
    "stored": _("Disimpan"),
    "picked": _("Diambil untuk pesanan"),
    "shelved": _("Di rak"),
    "sold": _("Terjual"),
    "held": _("Ditahan"),
    "recalled": _("Ditarik"),
    "measured": _("Suhu diukur"),
    "observed": _("Dicatat"),
}

# Kind → what is wrong, and what to do about it.
FINDINGS = {
    "unknown_tag": (_("Label tidak dikenal"), _("Sisihkan karungnya, tanyakan asalnya")),
    "wrong_check": (_("Kode label salah"), _("Cocokkan label dengan karung")),
    "wrong_site": (_("Dipindai di tempat lain"), _("Pastikan siapa yang memindai")),
    "too_fast": (_("Terlalu cepat untuk truk mana pun"), _("Cari label kembarnya")),
    "already_sold": (_("Sudah terjual"), _("Tahan, cari label kembarnya")),
    "already_tagged": (_("Label sudah dipakai"), _("Beri label baru")),
    "foreign_tag": (_("Label milik kelompok lain"), _("Kembalikan label, pakai yang benar")),
    "not_commissioned": (_("Belum ditandai di kebun"), _("Minta kelompok mengirim catatannya")),
    "clock_wrong": (_("Jam HP salah"), _("Minta pemiliknya menyetel jam")),
    "weight_off": (_("Berat tidak cocok"), _("Timbang ulang, lalu catat sebabnya")),
    "heads_off": (_("Jumlah ekor tidak cocok"), _("Hitung ulang, catat yang mati")),
    "damaged": (_("Rusak"), _("Pisahkan, foto, putuskan")),
    "too_warm": (_("Terlalu hangat"), _("Dinginkan atau tahan")),
    "paper_missing": (_("Surat kurang"), _("Minta suratnya, lalu catat")),
    "recalled": (_("Ditarik dari peredaran"), _("Tahan di tempat")),
}

PAPERS = {
    "waybill": _("Surat jalan"),
    "plant_quarantine": _("Karantina tumbuhan"),
    "animal_health": _("Kesehatan hewan"),
    "veterinary_control": _("NKV"),
    "halal": _("Halal"),
}

ZONES = {"dry": _("Kering"), "chilled": _("Dingin"), "frozen": _("Beku")}
STATUSES = {
    "planned": _("Direncanakan"),
    "loading": _("Dimuat"),
    "underway": _("Di jalan"),
    "arrived": _("Tiba"),
}
ROUTES = {"sea": _("Lewat laut"), "ferry": _("Lewat Bakauheni–Merak"), "road": _("Lewat darat")}
COMMODITIES = {"rice": _("Beras dan gabah"), "corn": _("Jagung"), "banana": _("Pisang"), "chicken": _("Ayam")}
ROLES = {
    "farmer": _("Petani"),
    "group_head": _("Ketua kelompok"),
    "driver": _("Sopir"),
    "hub_operator": _("Operator hub"),
    "warehouse_operator": _("Operator gudang"),
    "officer": _("Petugas"),
    "observer": _("Pengamat"),
    "partner": _("Mitra"),
    "administrator": _("Administrator"),
}
FOUND = {
    "unit": _("Karung"),
    "lot": _("Lot"),
    "shipment": _("Pengiriman"),
    "truck": _("Truk"),
    "vessel": _("Kapal"),
    "site": _("Tempat"),
    "product": _("Barang"),
}
SITE_KINDS = {
    "farm": _("Kebun"),
    "mill": _("Penggilingan"),
    "slaughterhouse": _("Rumah potong"),
    "hub": _("Hub"),
    "ferry_port": _("Pelabuhan feri"),
    "warehouse": _("Gudang"),
    "market": _("Pasar"),
}
# Why a finding is closed; a person may write more.
REASONS = (
    _("Sudah diperiksa di tempat, cocok"),
    _("Karung disisihkan"),
    _("Surat sudah ada"),
    _("Dicatat dan diberitahukan ke pemilik"),
    _("Salah pindai"),
)


def spoken(words: dict[str, Any]) -> dict[str, str]:
    """Words by their key in the page's language, as plain text: for the station's script. Of pairs the first."""
    return {key: str(said[0] if isinstance(said, tuple) else said) for key, said in words.items()}
