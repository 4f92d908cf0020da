/** Writing the CRD as YAML: whole where it helps the reader, on one line where it saves room. */
import { Document, visit } from "yaml";

/** Nodes whose JSON is shorter than this go on one line; indentation at this depth would double the file otherwise. */
const ONE_LINE = 1200;

/** The value as YAML with a comment on its first line. */
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
