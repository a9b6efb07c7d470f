"""The list of all attributes of a DICOM file that are sent. It is the page's list
(web/src/upload/dicom/keep.ts, a test compares them): what the service reads to place and
scale a slice, or to refuse one. Everything else is removed, private attributes too.
"""

from typing import Final, Literal

Rule = Literal["number", "word", "mark", "time", "uid", "short", "padding", "pointer", "items", "emptied"]

KEPT: Final[dict[int, tuple[str, Rule]]] = {
    0x00080008: ("CS", "word"),  # image type
    0x00080016: ("UI", "uid"),  # SOP class
    0x00080018: ("UI", "uid"),  # SOP instance
    0x00080032: ("TM", "time"),  # acquisition time
    0x00080060: ("CS", "word"),  # modality
    0x00089007: ("CS", "word"),  # frame type
    0x00180015: ("CS", "word"),  # body part
    0x00180050: ("DS", "number"),  # slice thickness
    0x00180060: ("DS", "mark"),  # kVp
    0x00180086: ("IS", "mark"),  # echo number
    0x00180088: ("DS", "number"),  # spacing between slices
    0x00181060: ("DS", "mark"),  # trigger time
    0x00181063: ("DS", "number"),  # frame time
    0x00181065: ("DS", "number"),  # frame time vector
    0x00185100: ("CS", "word"),  # patient position
    0x00189226: ("SQ", "items"),  # MR image frame type
    0x00189329: ("SQ", "items"),  # CT image frame type
    0x00189751: ("SQ", "items"),  # PET frame type
    0x0020000D: ("UI", "uid"),  # study
    0x0020000E: ("UI", "uid"),  # series
    0x00200011: ("IS", "number"),  # series number
    0x00200012: ("IS", "mark"),  # acquisition number
    0x00200013: ("IS", "number"),  # instance number
    0x00200032: ("DS", "number"),  # position
    0x00200037: ("DS", "number"),  # orientation
    0x00200052: ("UI", "uid"),  # frame of reference
    0x00200100: ("IS", "mark"),  # temporal position
    0x00209111: ("SQ", "items"),  # frame content
    0x00209113: ("SQ", "items"),  # plane position
    0x00209116: ("SQ", "items"),  # plane orientation
    0x00209128: ("UL", "padding"),  # temporal position index
    0x00209156: ("US", "short"),  # frame acquisition number
    0x00280002: ("US", "short"),  # samples per pixel
    0x00280004: ("CS", "word"),  # photometric interpretation
    0x00280006: ("US", "short"),  # planar configuration
    0x00280008: ("IS", "number"),  # number of frames
    0x00280009: ("AT", "pointer"),  # frame increment pointer
    0x00280010: ("US", "short"),  # rows
    0x00280011: ("US", "short"),  # columns
    0x00280030: ("DS", "number"),  # pixel spacing
    0x00280100: ("US", "short"),  # bits allocated
    0x00280101: ("US", "short"),  # bits stored
    0x00280102: ("US", "short"),  # high bit
    0x00280103: ("US", "short"),  # pixel representation
    0x00280120: ("US", "padding"),  # pixel padding value
    0x00280121: ("US", "padding"),  # pixel padding range limit
    0x00281052: ("DS", "number"),  # rescale intercept
    0x00281053: ("DS", "number"),  # rescale slope
    0x00281054: ("LO", "word"),  # rescale type
    0x00282110: ("CS", "word"),  # lossy compression
    0x00282112: ("DS", "number"),  # its ratio
    0x00283000: ("SQ", "emptied"),  # modality LUT, which the server refuses
    0x00289110: ("SQ", "items"),  # pixel measures
    0x00289145: ("SQ", "items"),  # pixel value transformation
    0x00541001: ("CS", "word"),  # units of PET
    0x52009229: ("SQ", "items"),  # shared functional groups
    0x52009230: ("SQ", "items"),  # per-frame functional groups
}

# DICOM's words in attributes of the rule word. Vendors' own words become tokens.
WORDS: Final = frozenset(
    (
        "ORIGINAL DERIVED PRIMARY SECONDARY AXIAL LOCALIZER SCOUT MOSAIC OTHER NONE MIXED VOLUME VOLUMETRIC SAMPLED DISTORTED "
        "MPR CPR MIP MINIP MAX_IP MIN_IP REFORMATTED REFORMAT CURVED VRT SSD RENDERED RESAMPLED HELIX HELICAL SPIRAL SEQUENCE "
        "M P R I ND NORM DIS2D DIS3D FM FFE SE IR TSE EPI T1 T2 PD DWI ADC WATER FAT IN_PHASE OUT_PHASE STATIC DYNAMIC GATED "
        "WHOLE_BODY IMAGE EMISSION TRANSMISSION MAGNITUDE PHASE REAL IMAGINARY STANDARD ATTENUATION "
        "CT MR PT NM US CR DX XA RF MG OT SC SEG SR PR KO REG RTSTRUCT RTDOSE RTPLAN PX IO ES XC DOC "
        "MONOCHROME1 MONOCHROME2 RGB YBR_FULL YBR_FULL_422 YBR_ICT YBR_RCT PALETTE "
        "HFS HFP HFDL HFDR FFS FFP FFDL FFDR LFS LFP RFS RFP AFDL AFDR PFDL PFDR "
        "HU HU_MOD US OD Z_EFF ED EDW MGML PCT BQML CNTS GML CM2ML PROPCNTS PROPCPS 1CM NCNTS SUVBW 00 01 YES NO "
        "HEAD BRAIN SKULL FACE ORBIT ORBITS SINUS JAW NECK HEADNECK CSPINE TSPINE LSPINE SPINE SSPINE CHEST THORAX LUNG HEART "
        "ABDOMEN LIVER KIDNEY PELVIS HIP THIGH LEG KNEE FOOT ANKLE SHOULDER ARM ELBOW WRIST HAND BREAST AORTA EXTREMITY "
        "CHESTABDPELVIS CHESTABDOMEN ABDOMENPELVIS WHOLEBODY "
    ).split()
    + ["PROJECTION IMAGE", "CSA MPR", "SCREEN SAVE", "PALETTE COLOR"]
)
