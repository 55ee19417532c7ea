// The switch between light, dark and what the system says.
import { Monitor, Moon, Sun } from "lucide-react";
import { useState } from "react";
import { IconButton } from "../look/button";
import { Menu } from "../look/menu";
import { keepTheme, readTheme, type Theme } from "../look/theme";

const THEMES = [
  { theme: "system", name: "As the system", icon: Monitor },
  { theme: "light", name: "Light", icon: Sun },
  { theme: "dark", name: "Dark", icon: Moon },
] as const;

export function ThemeMenu() {
  const [theme, setTheme] = useState<Theme>(readTheme);
  const { icon, name } = THEMES.find((one) => one.theme === theme)!;
  const choose = (wanted: Theme) => {
    keepTheme(wanted);
    setTheme(wanted);
  };
  return (
    <Menu
      button={<IconButton name={`Theme: ${name}`} icon={icon} />}
      items={THEMES.map((one) => ({ name: one.name, icon: one.icon, isChosen: one.theme === theme, run: () => choose(one.theme) }))}
    />
  );
}
