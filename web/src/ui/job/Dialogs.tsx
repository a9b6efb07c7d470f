import './dialogs.css';
import { client, type Reader } from '../../api/client';
import type { Job } from '../../api/job';
import type { ViewState } from '../../viewer/state';
import { useWords } from '../language';
import { Dialog } from '../widgets/Dialog';
import { Confirm } from './Confirm';
import { FilesDialog } from './FilesDialog';
import type { Open } from './open';
import { Picture } from './Picture';
import { ReceiptDialog } from './ReceiptDialog';
import { RemeshDialog } from './RemeshDialog';
import type { Row } from './rows';
import { ShareDialog } from './ShareDialog';
import { TableDialog } from './TableDialog';

export default function Dialogs({
  open,
  onClose,
  job,
  reader,
  rows,
  visible,
  state,
  onJob,
  onErase,
}: {
  open: Open;
  onClose: () => void;
  job: Job;
  reader: Reader;
  rows: readonly Row[];
  visible: readonly string[];
  state: ViewState;
  onJob: (job: Job) => void;
  onErase: () => Promise<void>;
}) {
  const { t } = useWords();
  switch (open) {
    case 'files':
      return <FilesDialog job={job} reader={reader} visible={visible} total={rows.length} onClose={onClose} />;
    case 'share':
      return <ShareDialog id={job.id} state={state} onClose={onClose} />;
    case 'remesh':
      return <RemeshDialog job={job} rows={rows} onClose={onClose} onJob={onJob} />;
    case 'receipt':
      return <ReceiptDialog id={job.id} onClose={onClose} />;
    case 'table':
      return <TableDialog rows={rows} onClose={onClose} />;
    case 'delete':
      return <Confirm what="delete" onClose={onClose} onGo={onErase} />;
    case 'cancel':
      return <Confirm what="cancel" onClose={onClose} onGo={async () => onJob(await client.cancel(job.id))} />;
    case 'check.png':
    case 'preview.png':
      return (
        <Dialog title={t(open === 'check.png' ? 'all.check' : 'file.preview.png')} onClose={onClose} wide>
          <Picture
            reader={reader}
            job={job}
            name={open}
            alt={t(open === 'check.png' ? 'all.checkAlt' : 'all.previewAlt')}
            className="large"
          />
        </Dialog>
      );
  }
}
