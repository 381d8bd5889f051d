import { FluentProvider, webDarkTheme, webLightTheme } from "@fluentui/react-components";
import { createContext, type ReactNode, use, useEffect, useState, useSyncExternalStore } from "react";

export type ThemeChoice = "light" | "dark" | "system";

const KEY = "provost.theme";
const dark = matchMedia("(prefers-color-scheme: dark)");
const Choice = createContext<[ThemeChoice, (choice: ThemeChoice) => void]>(["system", () => {}]);

function stored(): ThemeChoice {
  const chosen = localStorage.getItem(KEY);
  return chosen === "light" || chosen === "dark" ? chosen : "system";
}

/** The chosen theme, and how another one is chosen. */
export function useThemeChoice() {
  return use(Choice);
}

export function ThemeProvider({ children }: { children: ReactNode }) {
  const [choice, setChoice] = useState(stored);
  const systemIsDark = useSyncExternalStore(
    (listener) => {
      dark.addEventListener("change", listener);
      return () => dark.removeEventListener("change", listener);
    },
    () => dark.matches,
  );
  useEffect(() => {
    localStorage.setItem(KEY, choice);
    if (choice === "system") delete document.documentElement.dataset.theme;
    else document.documentElement.dataset.theme = choice;
  }, [choice]);
  const isDark = choice === "dark" || (choice === "system" && systemIsDark);
  return (
    <Choice value={[choice, setChoice]}>
      <FluentProvider theme={isDark ? webDarkTheme : webLightTheme} style={{ minHeight: "100%" }}>
        {children}
      </FluentProvider>
    </Choice>
  );
}
