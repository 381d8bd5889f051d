import { Button, Link, makeStyles, TableCell, TableRow, Text, tokens, Tooltip } from "@fluentui/react-components";
import { ArrowDown20Regular, ArrowUp20Regular, Delete20Regular } from "@fluentui/react-icons";

import type { AttributeMapping } from "../../../api/mappings";
import { SmallTable } from "../../../parts/SmallTable";
import { applyLabel, matching, sourceText, typeOf } from "./mapping";

const useStyles = makeStyles({
  target: { overflowWrap: "anywhere", textAlign: "start" },
  source: { fontFamily: tokens.fontFamilyMonospace, fontSize: tokens.fontSizeBase200, overflowWrap: "anywhere", whiteSpace: "pre-wrap" },
});

const COLUMNS = ["Target attribute", { name: "Type", width: "92px" }, "Source", { name: "Matching", width: "112px" }, { name: "Apply", width: "128px" }];

interface Props {
  of: AttributeMapping[];
  writable: boolean;
  onOpen: (mapping: AttributeMapping) => void;
  onDelete: (mapping: AttributeMapping) => void;
  onMove: (mapping: AttributeMapping, by: -1 | 1) => void;
}

/** The attribute mappings in the order in which they are saved; a click on one edits it. */
export function AttributeTable({ of, writable, onOpen, onDelete, onMove }: Props) {
  const styles = useStyles();
  if (of.length === 0) return <Text>Nothing is mapped yet: accounts cannot be written.</Text>;
  const order = matching(of);
  return (
    <SmallTable label="Attribute Mappings" columns={[...COLUMNS, writable && { name: "Delete", width: "44px", hidden: true }]} least={680}>
      {of.map((mapping) => {
        const target = mapping.targetAttributeName ?? "";
        const place = order.indexOf(mapping);
        return (
          <TableRow key={target}>
            <TableCell><Link as="button" className={styles.target} onClick={() => onOpen(mapping)}>{target}</Link></TableCell>
            <TableCell>{typeOf(mapping)}</TableCell>
            <TableCell><span className={styles.source}>{sourceText(mapping)}</span></TableCell>
            <TableCell>
              {place >= 0 && (
                <>
                  {place + 1}
                  {writable && order.length > 1 && (
                    <>
                      <Move label={`Match by ${target} earlier`} icon={<ArrowUp20Regular />} disabled={place === 0} onClick={() => onMove(mapping, -1)} />
                      <Move label={`Match by ${target} later`} icon={<ArrowDown20Regular />} disabled={place === order.length - 1} onClick={() => onMove(mapping, 1)} />
                    </>
                  )}
                </>
              )}
            </TableCell>
            <TableCell>{applyLabel(mapping.flowType)}</TableCell>
            {writable && (
              <TableCell>
                <Tooltip content={`Delete the mapping of ${target}`} relationship="label">
                  <Button appearance="subtle" size="small" icon={<Delete20Regular />} onClick={() => onDelete(mapping)} />
                </Tooltip>
              </TableCell>
            )}
          </TableRow>
        );
      })}
    </SmallTable>
  );
}

function Move({ label, icon, disabled, onClick }: { label: string; icon: React.JSX.Element; disabled: boolean; onClick: () => void }) {
  return (
    <Tooltip content={label} relationship="label">
      <Button appearance="subtle" size="small" icon={icon} disabledFocusable={disabled} onClick={() => !disabled && onClick()} />
    </Tooltip>
  );
}
