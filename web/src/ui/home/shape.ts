import type { Shape } from '../../upload/offer';
import { millimetres } from '../format';
import { useWords } from '../language';

/** A scan's size, spacing and kind, as one line. */
export function useShape(): (shape: Shape | null) => string {
  const { t, language } = useWords();
  return (shape) => {
    if (!shape) return '';
    const { dims, spacing, modality } = shape;
    const mm = (value: number) => millimetres(value, language, 2);
    const kind = modality === 'CT' || modality === 'MR' || modality === 'PT' || modality === 'labels' ? modality : null;
    return [dims.join(' × '), spacing ? `${spacing.map(mm).join(' × ')} mm` : '', kind ? t(`upload.${kind}`) : '']
      .filter((part) => part !== '')
      .join(' · ');
  };
}
