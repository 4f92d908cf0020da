/** Writes the CRD as YAML: large nodes on several lines for the reader, small nodes on one line to save space. */
import { Document, visit } from "yaml";

/** Nodes with shorter JSON are written on one line; otherwise indentation would double the size of the file. */
const ONE_LINE = 1200;

/** Returns the value as YAML with a comment on its first line. */
export function toYaml(comment: string, value: object): string {
  const document = new Document(value, { aliasDuplicateObjects: false });
  visit(document, {
    Collection(_key, node) {
      if (JSON.stringify(node.toJSON()).length < ONE_LINE) node.flow = true;
    },
  });
  const text = document.toString({ lineWidth: 0, flowCollectionPadding: false, indent: 1, indentSeq: false });
  return `# ${comment}\n${text}`;
}
