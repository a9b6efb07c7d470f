import { useState } from 'react';
import type { Offer } from '../../upload/offer';
import type { State, Upload } from '../../upload/shown';
import { bytes } from '../format';
import { useWords } from '../language';
import { Button } from '../widgets/Button';
import { Doubts } from './Doubts';
import { useShape } from './shape';
import { uploads } from './store';
import { Thumb } from './Thumb';

/** The scans of a drop, of which the person takes one or some. */
export function Offers({ upload, state }: { upload: Upload; state: State & { is: 'choose' } }) {
  const { t } = useWords();
  const { offers, lost } = state;
  const [chosen, setChosen] = useState<ReadonlySet<number>>(() => {
    const best = offers.find((offer) => offer.best) ?? offers[0];
    return new Set(best ? [best.key] : []);
  });
  const toggle = (key: number, on: boolean) => {
    const next = new Set(chosen);
    if (on) next.add(key);
    else next.delete(key);
    setChosen(next);
  };
  return (
    <fieldset className="offers">
      <legend>{t(offers.length > 1 ? 'upload.choose' : 'upload.confirm')}</legend>
      {offers.length > 1 && <p className="soft small">{t('upload.chooseHint')}</p>}
      {lost > 0 && <p className="warned">▲ {t('upload.lost', { count: lost })}</p>}
      <ul>
        {offers.map((offer) => (
          <One
            key={offer.key}
            offer={offer}
            suggested={offers.length > 1 && offer.best && offer === offers.find(({ best }) => best)}
            checked={chosen.has(offer.key)}
            onChange={(on) => toggle(offer.key, on)}
          />
        ))}
      </ul>
      <div className="offers-end">
        <Button
          look="primary"
          disabled={chosen.size === 0}
          onClick={() =>
            uploads.choose(
              upload.id,
              [...chosen].sort((a, b) => a - b),
            )
          }
        >
          {chosen.size > 1 ? t('upload.send', { count: chosen.size }) : t('upload.send1')}
        </Button>
        <Button look="ghost" onClick={() => void uploads.cancel(upload.id)}>
          {t('upload.cancel')}
        </Button>
      </div>
    </fieldset>
  );
}

function One({
  offer,
  suggested,
  checked,
  onChange,
}: {
  offer: Offer;
  suggested: boolean;
  checked: boolean;
  onChange: (on: boolean) => void;
}) {
  const { t, language } = useWords();
  const shape = useShape();
  return (
    <li>
      <label className="offer">
        <input type="checkbox" checked={checked} onChange={(event) => onChange(event.target.checked)} />
        <Thumb picture={offer.thumbnail} />
        <span className="offer-text">
          <span className="offer-name">
            {offer.name}
            {suggested && <span className="chip">{t('upload.best')}</span>}
          </span>
          <span className="soft small">
            {[shape(offer.shape), bytes(offer.bytes, language)].filter((part) => part !== '').join(' · ')}
          </span>
          <Doubts doubts={offer.doubts} values={offer.values} />
        </span>
      </label>
    </li>
  );
}
