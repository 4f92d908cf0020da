/** The base class the project chose, with every method of it that does I/O overridden: as shipped it ends the process on any watch error. */
import OperatorPackage from "@dot-i/k8s-operator";

// CommonJS: Node gives {default: class} as the default import, bundlers and vitest unwrap it.
const Base =
  (OperatorPackage as { default?: typeof OperatorPackage.default }).default ??
  (OperatorPackage as unknown as typeof OperatorPackage.default);

/** What the shell starts and stops. */
export interface Service {
  start(): Promise<void>;
  stop(): Promise<void>;
}

const refuse = (what: string) => (): Promise<never> =>
  Promise.reject(new Error(`${what} of the base class is not used: operator/kubernetes/ does all I/O`));

/** The operator's outer life: init on start, and a stop that waits for work in flight. */
export class ClaudeRunOperator extends Base {
  readonly #service: Service;

  constructor(service: Service, logger: ConstructorParameters<typeof Base>[0]) {
    super(logger);
    this.#service = service;
  }

  protected override init(): Promise<void> {
    return this.#service.start();
  }

  /** The base's stop returns nothing; ours resolves once work in flight is done. */
  // eslint-disable-next-line @typescript-eslint/no-misused-promises -- main awaits it; the base class never calls it
  override stop(): Promise<void> {
    return this.#service.stop();
  }

  protected override registerCustomResourceDefinition = refuse("registerCustomResourceDefinition");
  protected override watchResource = refuse("watchResource");
  protected override setResourceStatus = refuse("setResourceStatus");
  protected override patchResourceStatus = refuse("patchResourceStatus");
  protected override setResourceFinalizers = refuse("setResourceFinalizers");
}
