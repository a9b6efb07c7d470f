import './list.css';
import { type KeyboardEvent, type RefObject, useEffect, useMemo, useRef, useState } from 'react';
import { hiddenIn, type ViewState, withVisible } from '../../viewer/state';
import type { Structure } from '../../viewer/structure';
import { amount } from '../format';
import { useWords } from '../language';
import { Button, IconButton } from '../widgets/Button';
import { Icon } from '../widgets/icons';
import { Menu } from '../widgets/Menu';
import { useNotices } from '../widgets/notices';
import { OrganRow, type RowActions } from './OrganRow';
import { eyeOf, PRESETS, presetOf, type Row, type Section, searched, sectionsOf } from './rows';
import type { View } from './useView';

export interface OrganListProps {
  rows: readonly Row[];
  /** What the view's state speaks of: the model's structures, or what stands for them. */
  structures: readonly Structure[];
  view: View;
  colours: ReadonlyMap<string, string>;
  pairs: boolean;
  onPairs: (on: boolean) => void;
  search: RefObject<HTMLInputElement | null>;
  /** Somebody is about to search. */
  onSearch: () => void;
  onTable: () => void;
}

/** The structures of a model: found, shown, hidden, chosen. What the stage shows is here in words. */
export function OrganList({
  rows,
  structures,
  view,
  colours,
  pairs,
  onPairs,
  search,
  onSearch,
  onTable,
}: OrganListProps) {
  const { t } = useWords();
  const { announce } = useNotices();
  const [query, setQuery] = useState('');
  const [closed, setClosed] = useState<ReadonlySet<string>>(new Set());
  const { state, change } = view;
  const hidden = useHidden(state.isolated, hiddenIn(state, structures), rows);
  const found = useMemo(() => searched(rows, query), [rows, query]);
  const sections = useMemo(() => sectionsOf(found), [found]);
  const list = useRef<HTMLDivElement>(null);
  const [active, setActive] = useState<string | null>(null);
  const first = found[0]?.name ?? null;
  const reached = found.some((row) => row.name === active) ? active : (state.selected ?? first);
  const actions = useActions(view, structures, rows, pairs);

  useEffect(() => {
    if (query !== '') announce(t('list.found', { n: found.length, total: rows.length }));
  }, [query, found.length, rows.length, announce, t]);
  useEffect(() => {
    if (state.selected === null) return;
    const row = list.current?.querySelector(`[data-structure="${CSS.escape(state.selected)}"]`);
    row?.scrollIntoView({ block: 'nearest' });
  }, [state.selected]);

  if (rows.length === 0) {
    return (
      <div className="list-empty">
        <p className="soft">{t('list.soon')}</p>
        <div className="ghost-rows" aria-hidden="true">
          {[62, 44, 71, 53, 66, 39].map((width) => (
            <span key={width} style={{ width: `${width}%` }} />
          ))}
        </div>
      </div>
    );
  }
  return (
    <>
      <div className="list-tools">
        <div className="search-row">
          <div className="search">
            <Icon name="search" />
            <input
              ref={search}
              type="search"
              value={query}
              placeholder={t('list.search')}
              aria-label={t('list.searchLabel')}
              aria-keyshortcuts="/"
              onFocus={onSearch}
              onChange={(event) => setQuery(event.target.value)}
              onKeyDown={(event) => {
                if (event.key === 'Escape') {
                  event.stopPropagation();
                  if (query === '') event.currentTarget.blur();
                  setQuery('');
                } else if (event.key === 'ArrowDown') {
                  event.preventDefault();
                  list.current?.querySelector<HTMLElement>('[data-structure] [data-row]')?.focus();
                } else if (event.key === 'Enter' && first !== null) actions.choose(first);
              }}
            />
          </div>
          <span className="list-history">
            <IconButton
              label={t('list.undo')}
              icon="undo"
              aria-disabled={!view.undo}
              aria-keyshortcuts="Control+Z"
              onClick={() => view.undo?.()}
            />
            <Menu
              trigger={<IconButton label={t('list.options')} icon="more" />}
              items={[
                { label: t('list.redo'), icon: 'redo', disabled: !view.redo, onSelect: () => view.redo?.() },
                null,
                { label: t('list.pairs'), icon: pairs ? 'check' : 'pair', onSelect: () => onPairs(!pairs) },
                {
                  label: t('list.safe'),
                  icon: state.palette === 'safe' ? 'check' : 'eye',
                  onSelect: () => change({ palette: state.palette === 'safe' ? 'table' : 'safe' }),
                },
                null,
                { label: t('job.table'), icon: 'list', onSelect: onTable },
              ]}
            />
          </span>
        </div>
        <fieldset className="presets">
          <legend className="unseen">{t('list.presets')}</legend>
          {PRESETS.map((preset) => {
            const names = presetOf(rows, preset);
            if (names.length === 0 || (preset !== 'all' && names.length === rows.length)) return null;
            return (
              <button
                key={preset}
                type="button"
                className="chip"
                aria-pressed={isOnly(names, rows, hidden)}
                onClick={() => showOnly(names)}
              >
                {t(`list.preset.${preset}`)}
              </button>
            );
          })}
        </fieldset>
      </div>
      {/* biome-ignore lint/a11y/noStaticElementInteractions: arrow keys lead from row to row; each row's parts are what acts. */}
      <div className="organs" ref={list} onKeyDown={(event) => walk(event, list.current)} onFocus={onFocus}>
        {sections.map((section) => {
          const names = section.rows.map((row) => row.name);
          const open = query !== '' || !closed.has(section.group);
          return (
            <section key={section.group} aria-labelledby={`group-${section.group}`}>
              <GroupHead
                section={section}
                eye={eyeOf(names, hidden)}
                open={open}
                onOpen={() => setClosed((before) => toggled(before, section.group))}
                onShow={(visible) => change((now) => shown(now, structures, rows, names, visible))}
              />
              {open && (
                <ul>
                  {section.rows.map((row) => (
                    <OrganRow
                      key={row.name}
                      row={row}
                      colour={colours.get(row.name) ?? null}
                      hidden={hidden.has(row.name)}
                      isolated={state.isolated === row.name}
                      selected={state.selected === row.name}
                      hovered={state.hovered === row.name}
                      active={reached === row.name}
                      actions={actions}
                    />
                  ))}
                </ul>
              )}
            </section>
          );
        })}
        {found.length === 0 && (
          <p className="list-none">
            <span className="soft">{t('list.none', { query })}</span>
            <Button
              look="ghost"
              onClick={() => {
                setQuery('');
                search.current?.focus();
              }}
            >
              {t('list.clear')}
            </Button>
          </p>
        )}
      </div>
    </>
  );

  function showOnly(names: readonly string[]): void {
    const shown = new Set(names);
    const others = rows.map((row) => row.name).filter((name) => !shown.has(name));
    change({ hidden: others, isolated: null });
  }

  function onFocus(event: { target: EventTarget }): void {
    const row = event.target instanceof Element ? event.target.closest('[data-structure]') : null;
    if (row) setActive(row.getAttribute('data-structure'));
  }
}

/** A group: its name, its sum, and an eye that may be half open. */
function GroupHead({
  section,
  eye,
  open,
  onOpen,
  onShow,
}: {
  section: Section;
  eye: 'all' | 'some' | 'none';
  open: boolean;
  onOpen: () => void;
  onShow: (visible: boolean) => void;
}) {
  const { t, language } = useWords();
  const name = t(`group.${section.group}`);
  return (
    <div className="group">
      <label className="eye" title={t('list.groupVisible', { name })}>
        <input
          type="checkbox"
          checked={eye === 'all'}
          ref={(box) => {
            if (box) box.indeterminate = eye === 'some';
          }}
          aria-label={t('list.groupVisible', { name })}
          onChange={() => onShow(eye !== 'all')}
        />
        <Icon name={eye === 'none' ? 'eyeOff' : eye === 'some' ? 'eyeHalf' : 'eye'} />
      </label>
      <h2 id={`group-${section.group}`}>
        <button type="button" className="group-name" data-row aria-expanded={open} onClick={onOpen}>
          <span className="text">{name}</span>
          <span className="count">{section.rows.length}</span>
          <span className="ml">{section.volume > 0 && t('list.volume', { n: amount(section.volume, language) })}</span>
          <Icon name="chevron" />
        </button>
      </h2>
    </div>
  );
}

/** What is hidden, and with an isolated structure all others. */
function useHidden(isolated: string | null, hidden: ReadonlySet<string>, rows: readonly Row[]): ReadonlySet<string> {
  const there = isolated !== null && rows.some((row) => row.name === isolated);
  return there ? new Set(rows.map((row) => row.name).filter((name) => name !== isolated)) : hidden;
}

/** Shows or hides some structures. Beside an isolated one others can be shown again, one by one. */
export function shown(
  now: ViewState,
  structures: readonly Structure[],
  rows: readonly Row[],
  names: readonly string[],
  visible: boolean,
): ViewState {
  const { isolated } = now;
  if (isolated === null) return withVisible(now, structures, names, visible);
  const others = rows.map((row) => row.name).filter((name) => name !== isolated);
  return withVisible({ ...now, hidden: others }, structures, names, visible);
}

/** The actions of every row, which stay the same objects, so that rows are not drawn again. */
function useActions(view: View, structures: readonly Structure[], rows: readonly Row[], pairs: boolean): RowActions {
  const { t } = useWords();
  const { announce } = useNotices();
  const { change } = view;
  const latest = useRef(view.state);
  latest.current = view.state;
  return useMemo(() => {
    const title = (name: string) => rows.find((row) => row.name === name)?.title ?? name;
    const withPair = (name: string) => {
      const pair = pairs ? rows.find((row) => row.name === name)?.pair : null;
      return pair ? [name, pair] : [name];
    };
    return {
      show: (name, visible) => change((now) => shown(now, structures, rows, withPair(name), visible)),
      choose: (name) => change((now) => ({ ...now, selected: now.selected === name ? null : name })),
      isolate: (name) => {
        const alone = latest.current.isolated !== name;
        change((now) => ({ ...now, isolated: alone ? name : null, selected: alone ? name : now.selected }));
        announce(alone ? t('list.alone', { name: title(name) }) : t('list.all'));
      },
      point: (hovered) => change({ hovered }),
    };
  }, [change, structures, rows, pairs, announce, t]);
}

function isOnly(names: readonly string[], rows: readonly Row[], hidden: ReadonlySet<string>): boolean {
  return rows.length - hidden.size === names.length && names.every((name) => !hidden.has(name));
}

function toggled(set: ReadonlySet<string>, one: string): ReadonlySet<string> {
  const next = new Set(set);
  if (!next.delete(one)) next.add(one);
  return next;
}

/** Arrow keys lead from row to row, over the heads of groups. */
function walk(event: KeyboardEvent, list: HTMLElement | null): void {
  const steps: Record<string, number> = { ArrowDown: 1, ArrowUp: -1, Home: Number.NEGATIVE_INFINITY, End: Infinity };
  const step = steps[event.key];
  if (step === undefined || !list || !(event.target instanceof Element)) return;
  const stops = [...list.querySelectorAll<HTMLElement>('[data-row]')];
  const here = event.target.closest('.organ, .group')?.querySelector<HTMLElement>('[data-row]');
  const at = here ? stops.indexOf(here) : -1;
  const next = stops[Math.min(Math.max(at + step, 0), stops.length - 1)];
  if (!next) return;
  event.preventDefault();
  next.focus();
}
