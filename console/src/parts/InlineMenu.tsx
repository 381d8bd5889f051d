import { makeStyles, Menu, MenuPopover, type MenuProps, MenuTrigger } from "@fluentui/react-components";
import type { ReactElement, ReactNode } from "react";

const useStyles = makeStyles({ above: { zIndex: 2 } });

interface Props extends Omit<MenuProps, "children"> {
  trigger: ReactElement;
  children: ReactNode;
}

/** A menu within the landmark where its button is, rather than at the document's end; nothing there cuts it off. */
export function InlineMenu({ trigger, children, ...rest }: Props) {
  return (
    <Menu inline positioning={{ strategy: "fixed" }} {...rest}>
      <MenuTrigger disableButtonEnhancement>{trigger}</MenuTrigger>
      <MenuPopover className={useStyles().above}>{children}</MenuPopover>
    </Menu>
  );
}
