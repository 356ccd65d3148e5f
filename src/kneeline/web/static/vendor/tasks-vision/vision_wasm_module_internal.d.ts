declare const ModuleFactory: unknown;
export default ModuleFactory;
