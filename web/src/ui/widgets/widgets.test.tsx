import '../../testing/jsdom';
import { act, cleanup, fireEvent, render, screen } from '@testing-library/react';
import type { ReactNode } from 'react';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { LanguageProvider } from '../language';
import { Button } from './Button';
import { Dialog } from './Dialog';
import { Choice, Slider, Switch } from './Field';
import { useKeys } from './keys';
import { NoticesProvider, useNotices } from './notices';

afterEach(() => {
  cleanup();
  vi.useRealTimers();
});
const show = (children: ReactNode) => render(<LanguageProvider>{children}</LanguageProvider>);

describe('Button', () => {
  it('cannot be pressed again while it is busy, and stays where the focus is', () => {
    const press = vi.fn();
    show(
      <Button busy onClick={press}>
        Send
      </Button>,
    );
    const button = screen.getByRole('button', { name: 'Send' });
    button.focus();
    fireEvent.click(button);
    expect(press).not.toHaveBeenCalled();
    expect(document.activeElement).toBe(button);
    expect(button.getAttribute('aria-busy')).toBe('true');
  });
});

describe('Dialog', () => {
  it('has a name, and is closed by Escape, by its button and by a click beside it', () => {
    const close = vi.fn();
    show(
      <Dialog title="Share" onClose={close}>
        <p>inside</p>
      </Dialog>,
    );
    const dialog = screen.getByRole('dialog', { name: 'Share' });
    fireEvent(dialog, new Event('cancel', { cancelable: true }));
    fireEvent.click(screen.getByRole('button', { name: 'Close' }));
    fireEvent.click(dialog);
    expect(close).toHaveBeenCalledTimes(3);
    fireEvent.click(screen.getByText('inside'));
    expect(close).toHaveBeenCalledTimes(3);
  });
});

describe('fields', () => {
  it('say what they are and what they are at', () => {
    const changed = vi.fn();
    show(
      <>
        <Switch label="Names" checked={false} onChange={changed} />
        <Slider label="Opacity" value={0.5} shown="50 %" onChange={changed} />
        <Choice
          label="Show"
          value="a"
          options={[
            { value: 'a', label: 'All' },
            { value: 'b', label: 'Bones' },
          ]}
          onChange={changed}
        />
      </>,
    );
    fireEvent.click(screen.getByRole('switch', { name: 'Names' }));
    fireEvent.change(screen.getByRole('slider', { name: 'Opacity' }), { target: { value: '0.8' } });
    fireEvent.click(screen.getByRole('radio', { name: 'Bones' }));
    expect(changed.mock.calls).toEqual([[true], [0.8], ['b']]);
    expect(screen.getByRole('slider').getAttribute('aria-valuetext')).toBe('50 %');
    expect(screen.getByRole('group', { name: 'Show' })).toBeTruthy();
  });
});

function WithKeys({ run, name = 'h' }: { run: () => void; name?: string }) {
  useKeys({ [name]: run });
  return (
    <>
      <input aria-label="text" />
      <input type="checkbox" aria-label="box" />
    </>
  );
}

function WithNotices() {
  const { announce, toast } = useNotices();
  return (
    <>
      <button type="button" onClick={() => announce('Ready')}>
        say
      </button>
      <button type="button" onClick={() => toast('Copied')}>
        show
      </button>
      <button type="button" onClick={() => toast('Lost', { error: true })}>
        fail
      </button>
    </>
  );
}

describe('useKeys', () => {
  it('hears a key anywhere but where somebody types, in a dialog, or with another modifier', () => {
    const run = vi.fn();
    const { rerender } = render(<WithKeys run={run} />);
    fireEvent.keyDown(document.body, { key: 'H' });
    fireEvent.keyDown(screen.getByLabelText('box'), { key: 'h' });
    expect(run).toHaveBeenCalledTimes(2);
    fireEvent.keyDown(screen.getByLabelText('text'), { key: 'h' });
    fireEvent.keyDown(document.body, { key: 'h', ctrlKey: true });
    fireEvent.keyDown(document.body, { key: 'h', altKey: true });
    fireEvent.keyDown(document.body, { key: 'h', repeat: true }); // a key that is held down is one command
    expect(run).toHaveBeenCalledTimes(2);
    rerender(<WithKeys run={run} name="Ctrl+z" />);
    fireEvent.keyDown(document.body, { key: 'z', metaKey: true });
    expect(run).toHaveBeenCalledTimes(3);
    show(
      <Dialog title="x" onClose={() => {}}>
        <i />
      </Dialog>,
    );
    fireEvent.keyDown(document.body, { key: 'z', metaKey: true });
    expect(run).toHaveBeenCalledTimes(3);
  });
});

describe('notices', () => {
  it('says a sentence again when it happens again', () => {
    show(
      <NoticesProvider>
        <WithNotices />
      </NoticesProvider>,
    );
    const [region] = screen.getAllByRole('status');
    fireEvent.click(screen.getByText('say'));
    const first = region?.textContent;
    fireEvent.click(screen.getByText('say'));
    expect(first).toBe('Ready');
    expect(region?.textContent?.trim()).toBe('Ready');
    expect(region?.textContent).not.toBe(first);
  });

  it('takes a notice away after a while, and an error only when it is closed', () => {
    vi.useFakeTimers();
    show(
      <NoticesProvider>
        <WithNotices />
      </NoticesProvider>,
    );
    fireEvent.click(screen.getByText('show'));
    fireEvent.click(screen.getByText('fail'));
    act(() => void vi.advanceTimersByTime(60_000));
    expect(screen.queryByText('Copied')).toBeNull();
    expect(screen.getByText('Lost')).toBeTruthy();
    fireEvent.click(screen.getByRole('button', { name: 'Close' }));
    expect(screen.queryByText('Lost')).toBeNull();
  });
});
