"""Sources of every geometry, and label maps on iris' own grid."""
import sys, os, datetime, subprocess
import numpy as np, pydicom, nibabel as nib
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.uid import generate_uid, ExplicitVRLittleEndian
rng=np.random.default_rng(1)
def base(study,series,inst,forr,cls):
    d=Dataset(); d.file_meta=FileMetaDataset(); d.file_meta.TransferSyntaxUID=ExplicitVRLittleEndian
    d.file_meta.MediaStorageSOPClassUID=cls; d.file_meta.MediaStorageSOPInstanceUID=inst
    d.SOPClassUID=cls; d.SOPInstanceUID=inst; d.StudyInstanceUID=study; d.SeriesInstanceUID=series; d.FrameOfReferenceUID=forr
    d.Modality='CT'; d.PatientName='ZZPHI^Planted^\xc9milie'; d.SpecificCharacterSet='ISO_IR 100'; d.PatientID='ZZPHI-4711'; d.PatientBirthDate='19700101'; d.PatientSex='F'
    d.StudyDate='20260102'; d.StudyTime='101112'; d.AccessionNumber='ZZPHI-ACC'; d.ReferringPhysicianName='ZZPHI^Doc'; d.StudyID='ZZPHI1'; d.StudyDescription='ZZPHI study'
    d.PatientAge='056Y'; d.PatientWeight='70'
    d.ImageType=['ORIGINAL','PRIMARY','AXIAL']; d.SamplesPerPixel=1; d.PhotometricInterpretation='MONOCHROME2'
    d.BitsAllocated=16; d.BitsStored=16; d.HighBit=15; d.PixelRepresentation=1; d.RescaleSlope='1'; d.RescaleIntercept='0'
    return d
def series(out, rows, cols, n, row, col, step, spacing, origin=(-31.25,17.5,-203.0), multi=False, jitter=None):
    os.makedirs(out, exist_ok=True)
    study,ser,forr=generate_uid(),generate_uid(),generate_uid()
    row,col=np.array(row,float),np.array(col,float)
    order=rng.permutation(n)
    vol=(rng.integers(-200,300,(n,rows,cols))).astype('<i2')
    pos=[np.array(origin)+ (jitter[k] if jitter is not None else k)*np.array(step) for k in range(n)]
    fmt=lambda v:[f'{x:.6f}'.rstrip('0').rstrip('.') for x in v]
    if multi:
        cls='1.2.840.10008.5.1.4.1.1.2.1'; inst=generate_uid(); d=base(study,ser,inst,forr,cls)
        d.Rows,d.Columns,d.NumberOfFrames=rows,cols,n
        sh=Dataset(); o=Dataset(); o.ImageOrientationPatient=fmt(list(row)+list(col)); sh.PlaneOrientationSequence=[o]
        m=Dataset(); m.PixelSpacing=list(spacing); m.SliceThickness=2; sh.PixelMeasuresSequence=[m]
        t=Dataset(); t.RescaleIntercept='0'; t.RescaleSlope='1'; t.RescaleType='HU'; sh.PixelValueTransformationSequence=[t]
        d.SharedFunctionalGroupsSequence=[sh]; per=[]
        for k in order:
            g=Dataset(); p=Dataset(); p.ImagePositionPatient=fmt(pos[k]); g.PlanePositionSequence=[p]; per.append(g)
        d.PerFrameFunctionalGroupsSequence=per
        d.PixelData=vol[order].tobytes(); d.save_as(f'{out}/mf.dcm',enforce_file_format=True)
        return
    for i,k in enumerate(order):
        d=base(study,ser,generate_uid(),forr,'1.2.840.10008.5.1.4.1.1.2')
        d.Rows,d.Columns=rows,cols; d.ImagePositionPatient=fmt(pos[k]); d.ImageOrientationPatient=fmt(list(row)+list(col)); d.PixelSpacing=list(spacing); d.SliceThickness='2'; d.InstanceNumber=int(i+1)
        d.PixelData=vol[k].tobytes(); d.save_as(f'{out}/{i:04d}.dcm',enforce_file_format=True)
def unit(v): v=np.array(v,float); return v/np.linalg.norm(v)
def build(root):
    series(f'{root}/axial',37,45,13,(1,0,0),(0,1,0),(0,0,2),(0.8,0.7))
    series(f'{root}/sagittal',37,45,13,(0,1,0),(0,0,-1),(2,0,0),(0.8,0.7))
    series(f'{root}/coronal',36,44,12,(1,0,0),(0,0,-1),(0,1.5,0),(0.8,0.7))
    r=unit((0.9,0.3,-0.2)); c=unit(np.cross((0.1,0.2,0.95),r)); nrm=np.cross(r,c)
    series(f'{root}/oblique',37,45,13,r,c,nrm*2,(0.8,0.7))
    series(f'{root}/tilted',40,45,15,(1,0,0),(0,1,0),(0,0.731,2),(0.8,0.7))
    series(f'{root}/uneven',40,45,15,(1,0,0),(0,1,0),(0,0,2),(0.8,0.7),jitter=[0,1,2,3,4,4.5,5,5.5,6,6.5,7,7.5,8,8.5,9])
    series(f'{root}/multi',37,45,13,(1,0,0),(0,1,0),(0,0,2),(0.8,0.7),multi=True)
    series(f'{root}/multiobl',33,40,11,r,c,nrm*2,(0.8,0.7),multi=True)
def labels(vol, out, n):
    im=nib.load(vol); s=im.shape
    a=np.zeros(s,np.uint8)
    ii,jj,kk=np.indices(s)
    r=np.random.default_rng(n)
    for l in range(1,n+1):
        c=r.uniform(0.1,0.9,3)*s; rad=r.uniform(0.05,0.25,3)*s+0.6
        a[((ii-c[0])/rad[0])**2+((jj-c[1])/rad[1])**2+((kk-c[2])/rad[2])**2<1]=l
    for l in range(1,n+1):
        if not (a==l).any(): a.flat[r.integers(a.size)]=l
    o=nib.Nifti1Image(a,im.affine); o.header.set_intent('label'); nib.save(o,out)
if __name__=='__main__': build(sys.argv[1])
