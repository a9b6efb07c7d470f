import encodeQR from 'qr';
import { useMemo } from 'react';
import { useWords } from '../language';
import { Dialog } from '../widgets/Dialog';

/** This page's address as a code that another device's camera reads. */
export default function Code({ address, onClose }: { address: string; onClose: () => void }) {
  const { t } = useWords();
  const rows = useMemo(() => encodeQR(address, 'raw', { border: 2 }), [address]);
  const path = rows.flatMap((row, y) => row.flatMap((dark, x) => (dark ? [`M${x} ${y}h1v1h-1z`] : []))).join('');
  return (
    <Dialog title={t('viewer.qr')} onClose={onClose}>
      <svg className="qr" viewBox={`0 0 ${rows.length} ${rows.length}`} role="img" aria-label={t('viewer.qrAlt')}>
        <path d={path} />
      </svg>
      <p className="code qr-address">{address}</p>
      <p className="soft">{t('viewer.qrMore')}</p>
    </Dialog>
  );
}
