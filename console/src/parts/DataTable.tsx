import { Button, Checkbox, makeStyles, mergeClasses, Skeleton, SkeletonItem, Text, tokens } from "@fluentui/react-components";
import { ArrowDown16Regular, ArrowUp16Regular } from "@fluentui/react-icons";
import type { UseInfiniteQueryResult, InfiniteData } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { type KeyboardEvent, type ReactNode, useEffect, useMemo, useRef, useState } from "react";

import type { Page } from "../api/client";
import { useNarrow } from "../shell/narrow";
import { ErrorState } from "./ErrorState";
import { count } from "./format";
import { type RowAction, RowActions } from "./RowActions";
import { Hidden } from "./Hidden";
import { Rows } from "./rows";
import { heightOf } from "./tall";
import { useTall } from "./useTall";

/** A column. */
export interface Column<T> {
  name: string;
  /** Width as a share of the table's; 1 unless given. */
  share?: number;
  cell: (row: T) => ReactNode;
  /** The page of the row, below `/console`: the cell is a link to it, as for another tab. */
  to?: (row: T) => string;
  /** The property that the server sorts by. */
  order?: string;
  /** Left out where the window is as narrow as a phone. */
  wideOnly?: boolean;
}

interface Props<T> {
  /** What a screen reader calls it. */
  label: string;
  rows: UseInfiniteQueryResult<InfiniteData<Page<T>>>;
  columns: Column<T>[];
  idOf: (row: T) => string;
  /** Opens a row: by a click, or by Enter. */
  onOpen?: (row: T) => void;
  /** A property, with `desc` behind it where the order is descending. */
  order?: string;
  onOrder?: (order: string) => void;
  /** Ids of the rows that are selected. */
  selected?: ReadonlySet<string>;
  onSelect?: (selected: Set<string>) => void;
  nameOf?: (row: T) => string;
  /** What can be done with a row: a menu at its end. */
  actions?: (row: T) => RowAction[];
  /** In place of rows where there are none. */
  empty: ReactNode;
  /** As a part of a page, of a height of its own, rather than as the page. */
  embedded?: boolean;
}

const ROW = 44;
/** The most rows that an embedded list shows at a time, and what is above and below them. */
const EMBEDDED = { rows: 8, around: ROW + 28 };
/** Rows before the end of what was read at which more is read. */
const AHEAD = 20;

const useStyles = makeStyles({
  embedded: { flexGrow: 0, minHeight: 0, border: `1px solid ${tokens.colorNeutralStroke2}`, borderRadius: tokens.borderRadiusMedium, overflow: "hidden" },
  around: { flexGrow: 1, minHeight: "240px", display: "flex", flexDirection: "column" },
  scroll: { flexGrow: 1, minHeight: 0, overflowY: "auto", position: "relative" },
  row: { display: "grid", alignItems: "center", columnGap: tokens.spacingHorizontalM, height: `${ROW}px`, boxSizing: "border-box", padding: `0 ${tokens.spacingHorizontalXXL}`, borderBottom: `1px solid ${tokens.colorNeutralStroke2}`, "@media (max-width: 720px)": { paddingInline: tokens.spacingHorizontalM } },
  head: { position: "sticky", top: 0, zIndex: 1, backgroundColor: tokens.colorNeutralBackground1, fontWeight: tokens.fontWeightSemibold },
  body: { position: "absolute", insetInline: 0 },
  openable: { cursor: "pointer", ":hover": { backgroundColor: tokens.colorNeutralBackground1Hover } },
  focusable: { ":focus-visible": { outline: `2px solid ${tokens.colorStrokeFocus2}`, outlineOffset: "-2px" } },
  link: { color: tokens.colorNeutralForeground1, textDecorationLine: "none", ":hover": { textDecorationLine: "underline" } },
  cell: { minWidth: 0, overflow: "hidden", textOverflow: "ellipsis", whiteSpace: "nowrap" },
  sort: { paddingInline: 0, color: tokens.colorNeutralForeground1, minWidth: 0, justifyContent: "start" },
  notice: { padding: tokens.spacingHorizontalXXL, color: tokens.colorNeutralForeground2 },
  foot: { padding: `${tokens.spacingVerticalXS} ${tokens.spacingHorizontalXXL}`, color: tokens.colorNeutralForeground2, borderTop: `1px solid ${tokens.colorNeutralStroke2}` },
});

/**
 * A long list: of what the server has, only what is looked at is fetched, and only what is seen is in the document.
 * Up, Down, Page Up, Page Down, Home and End go through the rows, Enter opens one, Space selects it. End reads the list on
 * to its end, which any other of these keys stops.
 */
export function DataTable<T>(props: Props<T>) {
  const { label, rows, idOf, onOpen, order, onOrder, selected, onSelect, nameOf, actions, empty, embedded } = props;
  const styles = useStyles();
  const narrow = useNarrow();
  const [current, setCurrent] = useState(0);
  const wanted = useRef(false);
  const reading = useRef(false);
  const [readsOn, setReadsOn] = useState(false);
  const { data, hasNextPage, isFetchingNextPage, fetchNextPage } = rows;
  const all = useMemo(() => new Rows(data?.pages), [data]);
  const total = data && (data.pages[0]?.["@odata.count"] ?? (hasNextPage ? undefined : all.length));
  const columns = props.columns.filter((column) => !narrow || !column.wideOnly);
  const template = [onSelect ? "32px" : "", ...columns.map(({ share = 1 }) => `minmax(0, ${share}fr)`), actions ? "40px" : ""].join(" ");
  const { element: scroll, first, end, shift, show, tall } = useTall(all.length, ROW);

  useEffect(() => {
    if (hasNextPage && !isFetchingNextPage && end >= all.length - AHEAD) void fetchNextPage();
  }, [hasNextPage, isFetchingNextPage, end, all.length, fetchNextPage]);

  useEffect(() => {
    if (!wanted.current) return;
    show(current);
    const row = scroll.current?.querySelector<HTMLElement>(`[data-row="${current}"]`);
    if (!row) return;
    row.focus({ preventScroll: true });
    wanted.current = false;
  }, [scroll, show, current, first, end]);

  useEffect(() => () => void (reading.current = false), []);

  /** Reads the list on to its end, and goes there, unless a key stops it. */
  const toEnd = async () => {
    if (reading.current) return;
    reading.current = true;
    setReadsOn(true);
    let last = all.length - 1;
    for (let more = hasNextPage; more && reading.current;) {
      const read = await fetchNextPage({ cancelRefetch: false });
      more = read.hasNextPage && !read.isFetchNextPageError;
      last = new Rows(read.data?.pages).length - 1;
    }
    if (reading.current) go(last);
    reading.current = false;
    setReadsOn(false);
  };
  const go = (index: number) => {
    wanted.current = true;
    setCurrent(Math.max(0, index));
  };
  const chosen = selected?.size ?? 0;
  const ids = () => Array.from({ length: all.length }, (_, index) => idOf(all.at(index)!));
  const toggle = (row: T) => {
    const next = new Set(selected);
    if (!next.delete(idOf(row))) next.add(idOf(row));
    onSelect?.(next);
  };
  const onKey = (event: KeyboardEvent, index: number, row: T) => {
    if (event.target !== event.currentTarget) return;
    const page = Math.floor((scroll.current?.clientHeight ?? ROW) / ROW) - 1;
    const moves: Record<string, number> = { ArrowDown: index + 1, ArrowUp: index - 1, PageDown: index + page, PageUp: index - page, Home: 0 };
    const move = moves[event.key];
    reading.current &&= event.key === "End";
    if (move !== undefined) go(Math.min(move, all.length - 1));
    else if (event.key === "End") void toEnd();
    else if (event.key === "Enter" && onOpen) onOpen(row);
    else if (event.key === " " && onSelect) toggle(row);
    else return;
    event.preventDefault();
  };

  if (rows.isError && !data) return <ErrorState error={rows.error} retry={() => void rows.refetch()} />;
  return (
    <div className={mergeClasses(styles.around, embedded && styles.embedded)} style={embedded ? { height: Math.min(EMBEDDED.rows, Math.max(2, all.length)) * ROW + EMBEDDED.around } : undefined}>
      <div ref={scroll} className={styles.scroll}>
        <div role="grid" aria-label={label} aria-rowcount={total === undefined ? -1 : total + 1} aria-busy={rows.isFetching} aria-multiselectable={onSelect ? true : undefined}>
          <div role="row" aria-rowindex={1} className={mergeClasses(styles.row, styles.head)} style={{ gridTemplateColumns: template }}>
            {onSelect && (
              <div role="columnheader">
                <Checkbox aria-label="Select all that were read" checked={chosen === 0 ? false : chosen === all.length ? true : "mixed"} onChange={() => onSelect(new Set(chosen === all.length ? [] : ids()))} />
              </div>
            )}
            {columns.map(({ name, order: by }) => {
              const descending = order === `${by} desc`;
              const sorted = by !== undefined && (order === by || descending);
              return (
                <div key={name} role="columnheader" className={styles.cell} aria-sort={sorted ? (descending ? "descending" : "ascending") : undefined}>
                  {by && onOrder ? (
                    <Button appearance="transparent" className={styles.sort} iconPosition="after"
                      icon={sorted ? descending ? <ArrowDown16Regular /> : <ArrowUp16Regular /> : undefined}
                      onClick={() => onOrder(sorted && !descending ? `${by} desc` : by)}>{name}</Button>
                  ) : name}
                </div>
              );
            })}
            {actions && <div role="columnheader"><Hidden>Actions</Hidden></div>}
          </div>
          {rows.isPending && <Waiting className={styles.row} />}
          <div role="rowgroup" style={{ height: heightOf(tall) }}>
            {Array.from({ length: end - first }, (_, place) => {
              const index = first + place;
              const row = all.at(index);
              if (row === undefined) return null;
              return (
                <div key={idOf(row)} role="row" data-row={index} aria-rowindex={index + 2}
                  aria-selected={onSelect ? selected?.has(idOf(row)) : undefined}
                  tabIndex={index === Math.min(current, all.length - 1) ? 0 : -1}
                  className={mergeClasses(styles.row, styles.body, styles.focusable, onOpen && styles.openable)}
                  style={{ gridTemplateColumns: template, top: ROW * (index + 1) - shift }}
                  onFocus={() => setCurrent(index)}
                  onKeyDown={(event) => onKey(event, index, row)}
                  onClick={() => onOpen?.(row)}>
                  {onSelect && (
                    <div role="gridcell" onClick={(event) => event.stopPropagation()}>
                      <Checkbox tabIndex={-1} checked={selected?.has(idOf(row)) ?? false} onChange={() => toggle(row)} aria-label={`Select ${nameOf?.(row) ?? idOf(row)}`} />
                    </div>
                  )}
                  {columns.map(({ name, cell, to }) => (
                    <div key={name} role="gridcell" className={styles.cell}>
                      {to ? <Link to={to(row) as "/"} tabIndex={-1} className={styles.link} onClick={(event) => event.stopPropagation()}>{cell(row)}</Link> : cell(row)}
                    </div>
                  ))}
                  {actions && (
                    <div role="gridcell" onClick={(event) => event.stopPropagation()}>
                      <RowActions of={actions(row)} name={nameOf?.(row) ?? idOf(row)} focusable={index === Math.min(current, all.length - 1)} />
                    </div>
                  )}
                </div>
              );
            })}
          </div>
        </div>
        {data && all.length === 0 && <div className={styles.notice}>{empty}</div>}
      </div>
      <Text size={200} className={styles.foot} role="status" aria-live={readsOn ? "off" : "polite"}>
        {total !== undefined ? `${count(total)} in all` : data ? `${count(all.length)} so far` : "Loading…"}
        {readsOn ? `, ${count(all.length)} read. Reading on to the end; any key stops` : ""}
        {selected?.size ? `, ${count(selected.size)} selected` : ""}
        {rows.isFetchNextPageError ? ". The next page could not be read: scroll on to try again." : ""}
      </Text>
    </div>
  );
}

/** The shape of rows until there are some. */
function Waiting({ className }: { className: string }) {
  return (
    <Skeleton aria-hidden>
      {Array.from({ length: 8 }, (_, index) => <div key={index} className={className}><SkeletonItem size={16} /></div>)}
    </Skeleton>
  );
}
