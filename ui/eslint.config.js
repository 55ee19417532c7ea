// What the compiler does not see: forgotten promises of React's rules, unused code, loose equality.
import hooks from "eslint-plugin-react-hooks";
import typescript from "typescript-eslint";

export default typescript.config(
  { ignores: ["dist", "node_modules", "src/wire", "e2e/shots"] },
  ...typescript.configs.recommended,
  {
    files: ["src/**/*.{ts,tsx}"],
    plugins: { "react-hooks": hooks },
    rules: {
      "react-hooks/rules-of-hooks": "error",
      "react-hooks/exhaustive-deps": "error",
      eqeqeq: "error",
      "no-restricted-globals": ["error", { name: "fetch", message: "Only the transport talks to a server." }],
      "no-restricted-syntax": ["error", { selector: "NewExpression[callee.name='WebSocket']", message: "Only the transport talks to a server." }],
    },
  },
  { files: ["src/transport/**"], rules: { "no-restricted-globals": "off", "no-restricted-syntax": "off" } },
);
