# ruff: noqa: RUF001 -- Turkish has a dotless i
"""Names out of which people, firms and goods are made."""

FIRST_NAMES = (
    "Ahmet", "Ayşe", "Mehmet", "Fatma", "Mustafa", "Emine", "Ali", "Hatice", "Hüseyin", "Zeynep", "Hasan", "Elif",
    "İbrahim", "Meryem", "Osman", "Şerife", "Yusuf", "Zehra", "Murat", "Sultan", "Ömer", "Hanife", "Ramazan", "Merve",
    "Halil", "Havva", "Süleyman", "Zeliha", "Abdullah", "Esra", "Mahmut", "Fadime", "Recep", "Özlem", "Salih", "Hacer",
)  # fmt: skip
LAST_NAMES = (
    "Yılmaz", "Kaya", "Demir", "Çelik", "Şahin", "Yıldız", "Yıldırım", "Öztürk", "Aydın", "Özdemir", "Arslan", "Doğan",
    "Kılıç", "Aslan", "Çetin", "Kara", "Koç", "Kurt", "Özkan", "Şimşek", "Polat", "Korkmaz", "Çakır", "Erdoğan", "Acar",
)  # fmt: skip
CITIES = (
    "İstanbul", "Bursa", "Kocaeli", "Ankara", "İzmir", "Konya", "Eskişehir", "Gaziantep", "Kayseri", "Manisa",
    "Tekirdağ", "Sakarya", "Adana", "Denizli",
)  # fmt: skip
FIRM_WORDS = (
    "Anadolu", "Marmara", "Ege", "Yıldız", "Kuzey", "Güven", "Öz", "Has", "Birlik", "Doruk", "Atlas", "Ufuk", "Pınar",
    "Toros", "Uludağ", "Boğaziçi", "Trakya", "Deniz", "Çınar", "Zirve",
)  # fmt: skip
FIRM_TRADES = ("Makina", "Otomotiv", "Çelik", "Plastik", "Hidrolik", "Döküm", "Elektrik", "Kalıp", "Metal", "Kimya")
PRODUCTS = (
    "Hydraulic pump HP-20", "Hydraulic pump HP-40", "Gear motor GM-3", "Control valve CV-8", "Pressure regulator PR-2",
    "Filter unit FU-10", "Cylinder C-63", "Power unit PU-75", "Manifold block MB-6",
)  # fmt: skip
PRODUCT_WORDS = ("Pump", "Motor", "Valve", "Regulator", "Filter", "Cylinder", "Power unit", "Manifold", "Coupling")
MATERIALS = (
    "Steel bar 42CrMo4 Ø60", "Aluminium block 6082", "O-ring NBR 70", "Hex bolt M8x30", "Bearing 6205-2RS",
    "Shaft seal 25x40x7", "Hydraulic oil HLP 46", "Cast housing GG25", "Copper wire 1.5 mm²", "Carton box 400x300",
)  # fmt: skip
MATERIAL_WORDS = ("Steel bar", "Bolt", "O-ring", "Bearing", "Seal", "Casting", "Wire", "Sheet", "Bushing", "Spring")
CARRIERS = ("Yurtiçi Lojistik", "Aras Nakliyat", "Horoz Lojistik", "Ekol Transport", "Netlog")
DEPARTMENTS = (
    "Management",
    "Production",
    "Quality",
    "Sales",
    "Purchasing",
    "Maintenance",
    "Finance",
    "Logistics",
    "IT",
)
