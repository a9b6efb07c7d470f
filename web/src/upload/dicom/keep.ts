// The list of all attributes that leave the browser. Everything else is removed: what is not
// named here, private attributes, and anything in a sequence that is not named here. So the
// basic profile of PS3.15 Annex E is kept by construction, also for attributes that a later
// edition adds. The list is what the server reads to place and scale a slice, or to refuse
// one (internal/volume/dicom/header): an attribute that it needs for a refusal must stay, or
// a wrong volume would be made in silence.

/**
 * What becomes of a value:
 * number: decimal text, or "?" for other text, which the server refuses as it would have;
 * word: a word of DICOM's vocabulary, else a token that tells equal from different only;
 * mark: a number, else such a token, since the server compares these only;
 * time: a dummy time of day, equal for equal times;
 * uid: a new one, equal for equal ones, but those of the standard's own classes;
 * short, padding: one binary number; pointer: tags of attributes;
 * items: kept attributes of each item; emptied: as many items, without their content.
 */
export type Rule = 'number' | 'word' | 'mark' | 'time' | 'uid' | 'short' | 'padding' | 'pointer' | 'items' | 'emptied';

const list: [tag: number, vr: string, rule: Rule][] = [
  [0x00080008, 'CS', 'word'], // image type
  [0x00080016, 'UI', 'uid'], // SOP class
  [0x00080018, 'UI', 'uid'], // SOP instance
  [0x00080032, 'TM', 'time'], // acquisition time
  [0x00080060, 'CS', 'word'], // modality
  [0x00089007, 'CS', 'word'], // frame type
  [0x00180015, 'CS', 'word'], // body part
  [0x00180050, 'DS', 'number'], // slice thickness
  [0x00180060, 'DS', 'mark'], // kVp
  [0x00180086, 'IS', 'mark'], // echo number
  [0x00180088, 'DS', 'number'], // spacing between slices
  [0x00181060, 'DS', 'mark'], // trigger time
  [0x00181063, 'DS', 'number'], // frame time
  [0x00181065, 'DS', 'number'], // frame time vector
  [0x00185100, 'CS', 'word'], // patient position
  [0x00189226, 'SQ', 'items'], // MR image frame type
  [0x00189329, 'SQ', 'items'], // CT image frame type
  [0x00189751, 'SQ', 'items'], // PET frame type
  [0x0020000d, 'UI', 'uid'], // study
  [0x0020000e, 'UI', 'uid'], // series
  [0x00200011, 'IS', 'number'], // series number
  [0x00200012, 'IS', 'mark'], // acquisition number
  [0x00200013, 'IS', 'number'], // instance number
  [0x00200032, 'DS', 'number'], // position
  [0x00200037, 'DS', 'number'], // orientation
  [0x00200052, 'UI', 'uid'], // frame of reference
  [0x00200100, 'IS', 'mark'], // temporal position
  [0x00209111, 'SQ', 'items'], // frame content
  [0x00209113, 'SQ', 'items'], // plane position
  [0x00209116, 'SQ', 'items'], // plane orientation
  [0x00209128, 'UL', 'padding'], // temporal position index
  [0x00209156, 'US', 'short'], // frame acquisition number
  [0x00280002, 'US', 'short'], // samples per pixel
  [0x00280004, 'CS', 'word'], // photometric interpretation
  [0x00280006, 'US', 'short'], // planar configuration
  [0x00280008, 'IS', 'number'], // number of frames
  [0x00280009, 'AT', 'pointer'], // frame increment pointer
  [0x00280010, 'US', 'short'], // rows
  [0x00280011, 'US', 'short'], // columns
  [0x00280030, 'DS', 'number'], // pixel spacing
  [0x00280100, 'US', 'short'], // bits allocated
  [0x00280101, 'US', 'short'], // bits stored
  [0x00280102, 'US', 'short'], // high bit
  [0x00280103, 'US', 'short'], // pixel representation
  [0x00280120, 'US', 'padding'], // pixel padding value
  [0x00280121, 'US', 'padding'], // pixel padding range limit
  [0x00281052, 'DS', 'number'], // rescale intercept
  [0x00281053, 'DS', 'number'], // rescale slope
  [0x00281054, 'LO', 'word'], // rescale type
  [0x00282110, 'CS', 'word'], // lossy compression
  [0x00282112, 'DS', 'number'], // its ratio
  [0x00283000, 'SQ', 'emptied'], // modality LUT, which the server refuses
  [0x00289110, 'SQ', 'items'], // pixel measures
  [0x00289145, 'SQ', 'items'], // pixel value transformation
  [0x00541001, 'CS', 'word'], // units of PET
  [0x52009229, 'SQ', 'items'], // shared functional groups
  [0x52009230, 'SQ', 'items'], // per-frame functional groups
];

export const KEPT: ReadonlyMap<number, { vr: string; rule: Rule }> = new Map(
  list.map(([tag, vr, rule]) => [tag, { vr, rule }]),
);

/** Says whether a sequence has to be walked. */
export const WALKED = (tag: number): boolean => KEPT.get(tag)?.vr === 'SQ';

/** DICOM's words in the attributes of rule word. Vendors' own words become tokens. */
export const WORDS: ReadonlySet<string> = new Set(
  [
    'ORIGINAL DERIVED PRIMARY SECONDARY AXIAL LOCALIZER SCOUT MOSAIC OTHER NONE MIXED VOLUME VOLUMETRIC SAMPLED DISTORTED',
    'MPR CPR MIP MINIP MAX_IP MIN_IP REFORMATTED REFORMAT CURVED VRT SSD RENDERED RESAMPLED HELIX HELICAL SPIRAL SEQUENCE',
    'M P R I ND NORM DIS2D DIS3D FM FFE SE IR TSE EPI T1 T2 PD DWI ADC WATER FAT IN_PHASE OUT_PHASE STATIC DYNAMIC GATED',
    'WHOLE_BODY IMAGE EMISSION TRANSMISSION MAGNITUDE PHASE REAL IMAGINARY STANDARD ATTENUATION',
    'CT MR PT NM US CR DX XA RF MG OT SC SEG SR PR KO REG RTSTRUCT RTDOSE RTPLAN PX IO ES XC DOC',
    'MONOCHROME1 MONOCHROME2 RGB YBR_FULL YBR_FULL_422 YBR_ICT YBR_RCT PALETTE',
    'HFS HFP HFDL HFDR FFS FFP FFDL FFDR LFS LFP RFS RFP AFDL AFDR PFDL PFDR',
    'HU HU_MOD US OD Z_EFF ED EDW MGML PCT BQML CNTS GML CM2ML PROPCNTS PROPCPS 1CM NCNTS SUVBW 00 01 YES NO',
    'HEAD BRAIN SKULL FACE ORBIT ORBITS SINUS JAW NECK HEADNECK CSPINE TSPINE LSPINE SPINE SSPINE CHEST THORAX LUNG HEART',
    'ABDOMEN LIVER KIDNEY PELVIS HIP THIGH LEG KNEE FOOT ANKLE SHOULDER ARM ELBOW WRIST HAND BREAST AORTA EXTREMITY',
    'CHESTABDPELVIS CHESTABDOMEN ABDOMENPELVIS WHOLEBODY',
  ].flatMap((line) => line.split(' ')),
);
for (const word of ['PROJECTION IMAGE', 'CSA MPR', 'SCREEN SAVE', 'PALETTE COLOR']) (WORDS as Set<string>).add(word);
