"""English and Spanish names and the group of every structure, by its class name.

Sides and numbers are composed (`rib_left_3` is a rib, on the left, the third);
everything else is in BASE. A class name that cannot be composed is an error, so
a new version of TotalSegmentator cannot slip in a nameless structure.
"""

import re

# base → English, Spanish, Spanish gender (m, f, or n: takes no side), group
BASE: dict[str, tuple[str, str, str, str]] = {
    "spleen": ("Spleen", "Bazo", "n", "organs"),
    "kidney": ("kidney", "Riñón", "m", "organs"),
    "kidney_cyst": ("kidney cyst", "Quiste renal", "m", "organs"),
    "gallbladder": ("Gallbladder", "Vesícula biliar", "n", "organs"),
    "liver": ("Liver", "Hígado", "n", "organs"),
    "stomach": ("Stomach", "Estómago", "n", "organs"),
    "pancreas": ("Pancreas", "Páncreas", "n", "organs"),
    "adrenal_gland": ("adrenal gland", "Glándula suprarrenal", "f", "organs"),
    "thyroid_gland": ("Thyroid gland", "Glándula tiroides", "n", "organs"),
    "esophagus": ("Esophagus", "Esófago", "n", "organs"),
    "small_bowel": ("Small bowel", "Intestino delgado", "n", "organs"),
    "duodenum": ("Duodenum", "Duodeno", "n", "organs"),
    "colon": ("Colon", "Colon", "n", "organs"),
    "urinary_bladder": ("Urinary bladder", "Vejiga urinaria", "n", "organs"),
    "prostate": ("Prostate", "Próstata", "n", "organs"),
    "lung": ("lung", "Pulmón", "m", "lungs"),
    "lung_upper_lobe": ("upper lobe of lung", "Lóbulo superior del pulmón", "m", "lungs"),
    "lung_middle_lobe": ("middle lobe of lung", "Lóbulo medio del pulmón", "m", "lungs"),
    "lung_lower_lobe": ("lower lobe of lung", "Lóbulo inferior del pulmón", "m", "lungs"),
    "trachea": ("Trachea", "Tráquea", "n", "lungs"),
    "heart": ("Heart", "Corazón", "n", "heart"),
    "atrial_appendage": ("atrial appendage", "Orejuela auricular", "f", "heart"),
    "aorta": ("Aorta", "Aorta", "n", "vessels"),
    "pulmonary_vein": ("Pulmonary vein", "Vena pulmonar", "n", "vessels"),
    "brachiocephalic_trunk": ("Brachiocephalic trunk", "Tronco braquiocefálico", "n", "vessels"),
    "subclavian_artery": ("subclavian artery", "Arteria subclavia", "f", "vessels"),
    "common_carotid_artery": ("common carotid artery", "Arteria carótida común", "f", "vessels"),
    "brachiocephalic_vein": ("brachiocephalic vein", "Vena braquiocefálica", "f", "vessels"),
    "superior_vena_cava": ("Superior vena cava", "Vena cava superior", "n", "vessels"),
    "inferior_vena_cava": ("Inferior vena cava", "Vena cava inferior", "n", "vessels"),
    "portal_vein_and_splenic_vein": ("Portal and splenic vein", "Vena porta y vena esplénica", "n", "vessels"),
    "iliac_artery": ("iliac artery", "Arteria ilíaca", "f", "vessels"),
    "iliac_vena": ("iliac vein", "Vena ilíaca", "f", "vessels"),
    "sacrum": ("Sacrum", "Sacro", "n", "spine"),
    "vertebrae": ("Vertebrae", "Vértebras", "n", "spine"),
    "intervertebral_discs": ("Intervertebral discs", "Discos intervertebrales", "n", "spine"),
    "spinal_cord": ("Spinal cord", "Médula espinal", "n", "nervous_system"),
    "brain": ("Brain", "Encéfalo", "n", "nervous_system"),
    "skull": ("Skull", "Cráneo", "n", "skeleton"),
    "humerus": ("humerus", "Húmero", "m", "skeleton"),
    "scapula": ("scapula", "Escápula", "f", "skeleton"),
    "clavicula": ("clavicle", "Clavícula", "f", "skeleton"),
    "femur": ("femur", "Fémur", "m", "skeleton"),
    "hip": ("hip bone", "Hueso coxal", "m", "skeleton"),
    "sternum": ("Sternum", "Esternón", "n", "ribs"),
    "costal_cartilages": ("Costal cartilages", "Cartílagos costales", "n", "ribs"),
    "gluteus_maximus": ("gluteus maximus muscle", "Músculo glúteo mayor", "m", "muscles"),
    "gluteus_medius": ("gluteus medius muscle", "Músculo glúteo medio", "m", "muscles"),
    "gluteus_minimus": ("gluteus minimus muscle", "Músculo glúteo menor", "m", "muscles"),
    "autochthon": ("deep muscles of back", "Músculos profundos de la espalda", "p", "muscles"),
    "iliopsoas": ("iliopsoas muscle", "Músculo iliopsoas", "m", "muscles"),
    # Of the licensed tasks.
    "patella": ("Patella", "Rótula", "n", "skeleton"),
    "tibia": ("Tibia", "Tibia", "n", "skeleton"),
    "fibula": ("Fibula", "Peroné", "n", "skeleton"),
    "tarsal": ("Tarsal bones", "Huesos del tarso", "n", "skeleton"),
    "metatarsal": ("Metatarsal bones", "Huesos metatarsianos", "n", "skeleton"),
    "phalanges_feet": ("Phalanges of foot", "Falanges del pie", "n", "skeleton"),
    "ulna": ("Ulna", "Cúbito", "n", "skeleton"),
    "radius": ("Radius", "Radio", "n", "skeleton"),
    "carpal": ("Carpal bones", "Huesos del carpo", "n", "skeleton"),
    "metacarpal": ("Metacarpal bones", "Huesos metacarpianos", "n", "skeleton"),
    "phalanges_hand": ("Phalanges of hand", "Falanges de la mano", "n", "skeleton"),
    "subcutaneous_fat": ("Subcutaneous fat", "Grasa subcutánea", "n", "tissues"),
    "torso_fat": ("Torso fat", "Grasa del torso", "n", "tissues"),
    "intermuscular_fat": ("Intermuscular fat", "Grasa intermuscular", "n", "tissues"),
    "skeletal_muscle": ("Skeletal muscle", "Músculo esquelético", "n", "tissues"),
    "face": ("Face", "Cara", "n", "tissues"),
    "celiac_trunk": ("Celiac trunk", "Tronco celíaco", "n", "vessels"),
    "superior_mesenteric_artery": ("Superior mesenteric artery", "Arteria mesentérica superior", "n", "vessels"),
    "renal_arteries": ("Renal arteries", "Arterias renales", "n", "vessels"),
    "quadriceps_femoris": ("quadriceps femoris muscle", "Músculo cuádriceps femoral", "m", "muscles"),
    "thigh_medial_compartment": ("medial compartment of thigh", "Compartimento medial del muslo", "m", "muscles"),
    "thigh_posterior_compartment": ("posterior compartment of thigh", "Compartimento posterior del muslo", "m", "muscles"),
    "sartorius": ("sartorius muscle", "Músculo sartorio", "m", "muscles"),
    "deltoid": ("Deltoid muscle", "Músculo deltoides", "n", "muscles"),
    "supraspinatus": ("Supraspinatus muscle", "Músculo supraespinoso", "n", "muscles"),
    "infraspinatus": ("Infraspinatus muscle", "Músculo infraespinoso", "n", "muscles"),
    "subscapularis": ("Subscapularis muscle", "Músculo subescapular", "n", "muscles"),
    "coracobrachial": ("Coracobrachialis muscle", "Músculo coracobraquial", "n", "muscles"),
    "trapezius": ("Trapezius muscle", "Músculo trapecio", "n", "muscles"),
    "pectoralis_minor": ("Pectoralis minor muscle", "Músculo pectoral menor", "n", "muscles"),
    "serratus_anterior": ("Serratus anterior muscle", "Músculo serrato anterior", "n", "muscles"),
    "teres_major": ("Teres major muscle", "Músculo redondo mayor", "n", "muscles"),
    "triceps_brachii": ("Triceps brachii muscle", "Músculo tríceps braquial", "n", "muscles"),
}
SPANISH_SIDE = {
    ("left", "m"): "izquierdo", ("left", "f"): "izquierda", ("left", "p"): "izquierdos",
    ("right", "m"): "derecho", ("right", "f"): "derecha", ("right", "p"): "derechos",
}  # fmt: skip


def describe(name: str) -> tuple[str, str, str]:
    """The English name, the Spanish name and the group of a class name."""
    if m := re.fullmatch(r"vertebrae_([CTLS]\d+)", name):
        return f"Vertebra {m[1]}", f"Vértebra {m[1]}", "spine"
    if m := re.fullmatch(r"rib_(left|right)_(\d+)", name):
        return f"{m[1].capitalize()} rib {m[2]}", f"Costilla {SPANISH_SIDE[m[1], 'f']} {m[2]}", "ribs"
    if name in BASE:
        english, spanish, gender, group = BASE[name]
        if gender != "n":
            raise ValueError(f"structure {name}: it wants a side")
        return english, spanish, group
    base, _, side = name.rpartition("_")
    english, spanish, gender, group = BASE[base]
    if gender == "n":
        raise ValueError(f"structure {name}: {base} takes no side")
    return f"{side.capitalize()} {english}", f"{spanish} {SPANISH_SIDE[side, gender]}", group
