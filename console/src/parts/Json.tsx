import { makeStyles, tokens } from "@fluentui/react-components";

import { CopyButton } from "./CopyButton";

const useStyles = makeStyles({
  around: { position: "relative", minWidth: 0 },
  text: { margin: 0, padding: tokens.spacingHorizontalM, maxHeight: "480px", overflow: "auto", backgroundColor: tokens.colorNeutralBackground3, color: tokens.colorNeutralForeground1, fontFamily: tokens.fontFamilyMonospace, fontSize: tokens.fontSizeBase200, whiteSpace: "pre-wrap", overflowWrap: "anywhere", borderRadius: tokens.borderRadiusMedium, ":focus-visible": { outline: `2px solid ${tokens.colorStrokeFocus2}` } },
  copy: { position: "absolute", insetInlineEnd: tokens.spacingHorizontalS, top: tokens.spacingVerticalXS },
});

/** A document as it is. */
export function Json({ label, value }: { label: string; value: unknown }) {
  const styles = useStyles();
  const text = typeof value === "string" ? value : JSON.stringify(value, null, 2);
  return (
    <div className={styles.around}>
      <pre className={styles.text} tabIndex={0} role="region" aria-label={label}>{text}</pre>
      <div className={styles.copy}><CopyButton text={text} what={label.toLowerCase()} /></div>
    </div>
  );
}
