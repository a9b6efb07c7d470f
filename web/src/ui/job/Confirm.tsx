import { useWords } from '../language';
import { Button } from '../widgets/Button';
import { Dialog } from '../widgets/Dialog';
import { useAction } from './useAction';

/** Asks before what cannot be undone. What keeps things as they are has the focus. */
export function Confirm({
  what,
  onClose,
  onGo,
}: {
  what: 'delete' | 'cancel';
  onClose: () => void;
  onGo: () => Promise<void>;
}) {
  const { t } = useWords();
  const { busy, run } = useAction();
  return (
    <Dialog
      title={t(`${what}.title`)}
      onClose={onClose}
      actions={
        <>
          <Button data-first onClick={onClose}>
            {t(`${what}.keep`)}
          </Button>
          <Button
            look="danger"
            icon={what === 'delete' ? 'trash' : 'close'}
            busy={busy}
            onClick={() =>
              run(async () => {
                await onGo();
                onClose();
              })
            }
          >
            {t(`${what}.go`)}
          </Button>
        </>
      }
    >
      <p>{t(`${what}.more`)}</p>
    </Dialog>
  );
}
