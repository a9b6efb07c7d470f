import '../../testing/jsdom';
import { cleanup, fireEvent, render, screen } from '@testing-library/react';
import { afterEach, expect, it, vi } from 'vitest';
import { Button } from './Button';
import { Menu } from './Menu';

afterEach(cleanup);

function show() {
  const run = vi.fn();
  const items = [
    { label: 'Share', onSelect: () => run('share') },
    { label: 'Remesh', disabled: true, onSelect: () => run('remesh') },
    null,
    { label: 'Delete', onSelect: () => run('delete') },
  ];
  render(<Menu trigger={<Button>More</Button>} items={items} />);
  return { run, button: screen.getByRole('button', { name: 'More' }) };
}
const focused = () => document.activeElement?.textContent;
const press = (key: string) => fireEvent.keyDown(document.activeElement ?? document.body, { key });

it('opens on its first thing, goes round by arrow keys over what cannot be done, and gives the focus back', () => {
  const { button, run } = show();
  expect(button.getAttribute('aria-expanded')).toBe('false');
  fireEvent.click(button);
  expect(button.getAttribute('aria-expanded')).toBe('true');
  expect(focused()).toBe('Share');
  press('ArrowDown');
  expect(focused()).toBe('Delete');
  press('ArrowDown');
  expect(focused()).toBe('Share');
  press('End');
  expect(focused()).toBe('Delete');
  press('s');
  expect(focused()).toBe('Share');
  press('Escape');
  expect(screen.queryByRole('menu')).toBeNull();
  expect(document.activeElement).toBe(button);
  expect(run).not.toHaveBeenCalled();
});

it('opens upwards by its keys, and does one thing', () => {
  const { button, run } = show();
  button.focus();
  press('ArrowUp');
  expect(focused()).toBe('Delete');
  fireEvent.click(screen.getByRole('menuitem', { name: 'Delete' }));
  expect(run.mock.calls).toEqual([['delete']]);
  expect(screen.queryByRole('menu')).toBeNull();
});

it('closes at a press anywhere else', () => {
  const { button } = show();
  fireEvent.click(button);
  fireEvent.pointerDown(document.body);
  expect(screen.queryByRole('menu')).toBeNull();
});
