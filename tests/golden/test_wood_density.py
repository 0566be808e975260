"""Wood densities of the Global Wood Density Database v2, as estimated in BIOMASS.

The numbers below were copied from `wsg_estimates` of BIOMASS 2.3 (Réjou-Méchain et al. 2017,
doi:10.1111/2041-210X.12753), apart from the table that the package ships.
"""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from mrv.biomass.wood_density import LIMITS_G_CM3, find_wood_density, stand_mean, wood_densities

# taxon, mean, SD [g cm-3]
_GWDD_V2 = """\
Vitellaria paradoxa, 0.7720, 0.0681
Parkia biglobosa, 0.5043, 0.0666
Adansonia digitata, 0.3139, 0.0883
Faidherbia albida, 0.4993, 0.0884
Azadirachta indica, 0.6552, 0.0615
Mangifera indica, 0.5319, 0.0631
Anacardium occidentale, 0.4583, 0.0791
Ceiba pentandra, 0.3089, 0.0948
Tamarindus indica, 0.7781, 0.1295
Sclerocarya birrea, 0.4990, 0.0594
Lannea microcarpa, 0.4611, 0.0601
Balanites aegyptiaca, 0.6894, 0.1219
Eucalyptus camaldulensis, 0.6781, 0.0938
Eucalyptus grandis, 0.5686, 0.0802
Grevillea robusta, 0.5221, 0.0546
Markhamia lutea, 0.4800, 0.0622
Persea americana, 0.4546, 0.0801
Calliandra, 0.7846, 0.1039
Sesbania sesban, 0.3971, 0.1031
Leucaena leucocephala, 0.6348, 0.1111
Gliricidia sepium, 0.7235, 0.1301
Cordia africana, 0.4256, 0.0720
Croton macrostachyus, 0.5060, 0.0833
Croton megalocarpus, 0.5996, 0.0722
Casuarina equisetifolia, 0.8214, 0.0995
Coffea arabica, 0.6274, 0.0822
Coffea canephora, 0.6305, 0.0490
Theobroma cacao, 0.4202, 0.0594
Hevea brasiliensis, 0.5005, 0.0677
Tectona grandis, 0.5683, 0.0604
Acacia mangium, 0.5082, 0.0827
Acacia auriculiformis, 0.6258, 0.0810
Vachellia nilotica, 0.7589, 0.0791
Senegalia senegal, 0.7308, 0.0617
Psidium guajava, 0.6037, 0.0765
Citrus, 0.6688, 0.0869
Juglans regia, 0.4705, 0.1023
Juglans mandshurica, 0.4550, 0.0457
Juglans, 0.4802, 0.0949
Malus domestica, 0.6215, 0.0638
Malus, 0.6395, 0.0853
Prunus armeniaca, 0.6295, 0.0711
Prunus avium, 0.5299, 0.0442
Prunus dulcis, 0.5704, 0.1593
Prunus africana, 0.6783, 0.1055
Prunus, 0.5987, 0.1067
Populus nigra, 0.3814, 0.0467
Populus alba, 0.4010, 0.0731
Populus, 0.3837, 0.0812
Cocos nucifera, 0.5304, 0.1528
Carica papaya, 0.1717, 0.1062
Litchi chinensis, 0.8329, 0.0572
Dimocarpus longan, 0.7810, 0.0836
Artocarpus heterophyllus, 0.4761, 0.0741
Artocarpus, 0.4844, 0.1049
Pyrus communis, 0.6030, 0.0583
Pyrus, 0.6152, 0.0849
Morus alba, 0.5740, 0.0578
Morus, 0.5774, 0.0961
Salix alba, 0.3817, 0.0798
Robinia pseudoacacia, 0.6058, 0.0897
Pistacia, 0.7076, 0.0888
Elaeagnus angustifolia, 0.4941, 0.0646
Elaeagnus, 0.6056, 0.0950
Ulmus pumila, 0.5353, 0.0584
Macadamia integrifolia, 0.6991, 0.0769
Macadamia, 0.6761, 0.0986
Albizia coriaria, 0.5257, 0.0599
Moringa oleifera, 0.2576, 0.0868
Melia azedarach, 0.4403, 0.0798
Styrax tonkinensis, 0.4043, 0.0718
Dipterocarpus alatus, 0.5924, 0.0810
Durio zibethinus, 0.4929, 0.0696
Durio, 0.5509, 0.0806
Nephelium lappaceum, 0.7271, 0.1093
Pterocarpus macrocarpus, 0.7537, 0.0628
Pterocarpus erinaceus, 0.7181, 0.0570
Piliostigma reticulatum, 0.6367, 0.0639
Piliostigma thonningii, 0.6176, 0.0567
Piliostigma, 0.6106, 0.0673
Combretum glutinosum, 0.7092, 0.0691
Combretum micranthum, 0.7520, 0.0621
Detarium microcarpum, 0.5902, 0.0553
Diospyros mespiliformis, 0.6754, 0.0545
Guiera senegalensis, 0.6802, 0.0646
Khaya senegalensis, 0.6447, 0.0685
Jacaranda mimosifolia, 0.5153, 0.1187
Maesopsis eminii, 0.3652, 0.0964
Senna siamea, 0.6730, 0.1043
Spathodea campanulata, 0.3446, 0.0932
Syzygium cumini, 0.6306, 0.0562
Syzygium, 0.6574, 0.1008
Terminalia brownii, 0.7188, 0.0615
Warburgia ugandensis, 0.7141, 0.0969
Fraxinus excelsior, 0.5583, 0.0741
Fraxinus, 0.5784, 0.0922
Betula, 0.5587, 0.0988
Acer, 0.5407, 0.0909
Quercus, 0.7111, 0.0977
Acacia, 0.7110, 0.1218
Eucalyptus, 0.7588, 0.1162
Ficus, 0.4289, 0.1012
Grevillea, 0.6364, 0.1037
Mangifera, 0.5311, 0.0945
Psidium, 0.7474, 0.1165
Robinia, 0.6544, 0.0943
Tectona, 0.6361, 0.1085
Pinus, 0.4513, 0.0879
"""
_ROUNDING = 6e-4  # the package keeps three decimals


def _published() -> dict[str, tuple[float, float]]:
    rows = (line.split(", ") for line in _GWDD_V2.splitlines())
    return {taxon: (float(mean), float(sd)) for taxon, mean, sd in rows}


@pytest.mark.parametrize(("taxon", "density"), _published().items())
def test_gwdd_v2(taxon: str, density: tuple[float, float]) -> None:
    """Mean and SD of a taxon."""
    shipped = wood_densities()[taxon]
    assert (shipped.mean_g_cm3, shipped.sd_g_cm3) == pytest.approx(density, abs=_ROUNDING)


def test_every_density_that_is_shipped_is_checked() -> None:
    """No taxon stands in the table without its published number here."""
    assert set(wood_densities()) == set(_published())


def test_rejou_mechain_2017_limits() -> None:
    """BIOMASS cuts drawn densities off at 0.08 and 1.39 g/cm3."""
    assert LIMITS_G_CM3 == (0.08, 1.39)


def test_gwdd_v2_of_all_woods(real_data: Callable[[str], Path]) -> None:
    """The source itself: every taxon shipped, and the 16,882 species that stand for any other."""
    path = real_data("tree_inventories/biomass_nouragues/wsg_estimates.csv")
    table = pd.read_csv(path).query("level_tax in ['species', 'genus']")
    of_species = table["level_tax"] == "species"
    taxa = table["species"].where(of_species, table["genus"])
    source = dict(zip(zip(taxa, table["level_tax"], strict=True), table.index, strict=True))
    for wood in wood_densities().values():
        row = table.loc[source[wood.taxon, wood.level]]
        assert (wood.mean_g_cm3, wood.sd_g_cm3) == pytest.approx(
            (row["wsg"], row["sd"]), abs=_ROUNDING
        )
    species = table[of_species]
    anything = find_wood_density("", {})
    assert len(species) == 16_882
    assert anything.mean_g_cm3 == pytest.approx(species["wsg"].mean(), abs=_ROUNDING)
    spread = np.hypot(species["wsg"].std(), species["sd"].mean())
    assert anything.sd_g_cm3 == pytest.approx(spread, abs=1e-3)


def test_a_wood_that_nobody_knows() -> None:
    """Mean of all species 0.598; SD 0.128 between species and 0.087 within one."""
    anything = find_wood_density("", {})
    assert anything.mean_g_cm3 == pytest.approx(0.598)
    assert anything.sd_g_cm3 == pytest.approx(np.hypot(0.128, 0.087), abs=5e-4)


def test_a_stand_speaks_from_ten_trees_on() -> None:
    """Nine known trees say less than all woods together."""
    table = wood_densities()
    assert stand_mean(["Grevillea robusta"] * 9, table) is None
    assert stand_mean(["Grevillea robusta"] * 10, table) is not None
