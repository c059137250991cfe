import type { FindingLevel } from "../../core/finding.ts";

/** What a name gives, however the name is reached. */
export interface Capability {
  readonly rule: string;
  readonly level: FindingLevel;
  /** Only a call of it counts: the name alone is common. */
  readonly calledOnly: boolean;
  /** Everything of the module counts. */
  readonly isWhole: boolean;
}

type Names = Partial<Record<"block" | "warn" | "warnIfCalled", string>>;

/**
 * By rule and level: full names as in `os.system`, with `.*` at the end for everything that a module has. Builtins are
 * in `builtins`. What honest product code uses all day is a warning.
 */
const NAMES: Readonly<Record<string, Names>> = {
  "python-eval": {
    block: `builtins.eval builtins.exec builtins.execfile codeop.* code.InteractiveInterpreter code.InteractiveConsole
      code.interact code.compile_command types.FunctionType types.LambdaType types.CodeType numexpr.evaluate
      asteval.Interpreter js2py.* execjs.* pydoc.safeimport idlelib.* test.support.* _testcapi.* _testinternalcapi.*
      _xxsubinterpreters.* _interpreters.* concurrent.interpreters.* rlcompleter.* _pyrepl.*`,
    warn: `builtins.compile builtins.breakpoint timeit.* cProfile.* profile.* trace.* bdb.* pdb.* ipdb.* pudb.*
      debugpy.* remote_pdb.* IPython.* doctest.testmod doctest.testfile doctest.run_docstring_examples
      doctest.debug_src doctest.debug_script doctest.script_from_examples jinja2.Template mako.template.Template
      pandas.eval sympy.sympify sympy.parse_expr sympy.parsing.sympy_parser.parse_expr logging.config.fileConfig
      logging.config.dictConfig logging.config.listen builtins.__build_class__ lib2to3.* string.Formatter
      cmd2.* RestrictedPython.* types.new_class lldb.* gdb.*`,
  },
  "python-deserialise": {
    block: `pickle.load pickle.loads pickle.Unpickler pickle._load pickle._loads pickle._Unpickler cPickle.load
      cPickle.loads cPickle.Unpickler _pickle.load _pickle.loads _pickle.Unpickler cloudpickle.load cloudpickle.loads
      dill.load dill.loads dill.load_session dill.load_module dill.Unpickler jsonpickle.decode jsonpickle.loads
      jsonpickle.unpickler.* marshal.load marshal.loads shelve.* yaml.unsafe_load yaml.unsafe_load_all yaml.UnsafeLoader yaml.Loader
      yaml.CLoader yaml.CUnsafeLoader yaml.constructor.UnsafeConstructor yaml.constructor.Constructor
      yaml.loader.UnsafeLoader yaml.loader.Loader yaml.cyaml.CLoader yaml.cyaml.CUnsafeLoader pickleshare.* klepto.*
      torch.package.* hickle.load compress_pickle.* pickle5.* zodbpickle.* multiprocessing.reduction.* Pyro4.* Pyro5.*
      rpyc.* pandas.compat.pickle_compat.* pandas.io.pickle.*`,
    warn: `pandas.read_pickle joblib.load sklearn.externals.joblib.load yaml.FullLoader yaml.full_load yaml.full_load_all
      yaml.CFullLoader yaml.loader.FullLoader yaml.constructor.FullConstructor torch.jit.load torch.hub.load
      torch.hub.load_state_dict_from_url keras.models.load_model tensorflow.keras.models.load_model
      tensorflow.saved_model.load mlflow.pyfunc.load_model mlflow.sklearn.load_model skops.io.load copyreg.*
      multiprocessing.connection.* multiprocessing.managers.* ZODB.* srsly.pickle_loads diskcache.* marshal.*`,
  },
  "python-dynamic-import": {
    block: `runpy.* imp.* zipimport.* importlib.machinery.SourceFileLoader importlib.machinery.SourcelessFileLoader
      importlib.machinery.ExtensionFileLoader importlib.machinery.FileFinder importlib.machinery.PathFinder
      importlib.abc.Loader importlib.abc.MetaPathFinder importlib.abc.PathEntryFinder importlib.abc.SourceLoader
      importlib.abc.InspectLoader importlib.abc.FileLoader importlib.abc.ExecutionLoader importlib._bootstrap.*
      importlib._bootstrap_external.* _frozen_importlib.* _frozen_importlib_external.* _imp.* pkgutil.ImpImporter
      pkgutil.ImpLoader pip.* ensurepip.* pyximport.* setuptools.sandbox.* distutils.core.run_setup`,
    warn: `importlib.util.* importlib.machinery.* importlib.abc.* importlib.reload importlib.find_loader
      pkgutil.find_loader pkgutil.get_loader pkgutil.get_importer pkgutil.iter_importers pydoc.importfile
      pkg_resources.load_entry_point pkg_resources.run_script types.ModuleType modulefinder.* builtins.reload
      importlib.metadata.EntryPoint`,
  },
  "python-import-machinery": {
    block: `sys.meta_path sys.path_hooks sys.path_importer_cache sys.setdlopenflags site.addsitedir site.addpackage
      site.main site.execsitecustomize site.execusercustomize sitecustomize.* usercustomize.*`,
    warn: `sys.path site.getusersitepackages site.getsitepackages site.USER_SITE site.USER_BASE py_compile.* compileall.*`,
  },
  "python-introspection": {
    block: `gc.get_objects gc.get_referrers gc.get_referents sys.settrace sys.setprofile sys._current_frames
      sys._current_exceptions threading.settrace threading.setprofile threading.settrace_all_threads
      threading.setprofile_all_threads sys.monitoring.* sys.addaudithook sys.call_tracing sys.breakpointhook
      sys.remote_exec forbiddenfruit.* gorilla.*`,
    warn: `sys._getframe sys._getframemodulename inspect.currentframe inspect.stack inspect.trace inspect.getouterframes
      inspect.getinnerframes inspect.getclosurevars atexit.* sys.exitfunc sys.excepthook sys.displayhook
      threading.excepthook opcode.* bytecode.* wrapt.patch_function_wrapper wrapt.wrap_function_wrapper
      wrapt.wrap_object sys.unraisablehook`,
  },
  "python-process": {
    block: `os.system os.popen os.popen2 os.popen3 os.popen4 os.startfile os.execl os.execle os.execlp os.execlpe os.execv
      os.execve os.execvp os.execvpe os._execvpe os.spawnl os.spawnle os.spawnlp os.spawnlpe os.spawnv os.spawnve
      os.spawnvp os.spawnvpe os._spawnvef os.posix_spawn os.posix_spawnp os.forkpty posix.* nt.* pty.* popen2.*
      commands.* platform.popen _posixsubprocess.* _winapi.* _subprocess.* subprocess.getoutput
      subprocess.getstatusoutput subprocess._fork_exec asyncio.create_subprocess_shell
      asyncio.subprocess.create_subprocess_shell multiprocessing.util.spawnv_passfds multiprocessing.popen_fork.*
      multiprocessing.popen_spawn_posix.* multiprocessing.popen_spawn_win32.* multiprocessing.popen_forkserver.*
      multiprocessing.forkserver.* multiprocessing.spawn.* multiprocessing.resource_tracker.* distutils.spawn.*
      setuptools._distutils.* distutils.util.execute webbrowser.register webbrowser.GenericBrowser
      webbrowser.BackgroundBrowser webbrowser.UnixBrowser pipes.* pydoc.pipepager pydoc.tempfilepager mailcap.*
      ctypes.util._findLib_gcc http.server.CGIHTTPRequestHandler CGIHTTPServer.* tkinter.Tcl _tkinter.* turtledemo.*
      antigravity.* psutil.Popen`,
    warn: `subprocess.run subprocess.call subprocess.check_call subprocess.check_output subprocess.Popen
      asyncio.create_subprocess_exec asyncio.subprocess.create_subprocess_exec os.fork os.kill os.killpg os.setuid
      os.setgid os.seteuid os.setreuid os.setresuid os.chroot os.unshare os.setns multiprocessing.Process
      multiprocessing.Pool multiprocessing.get_context multiprocessing.pool.* multiprocessing.context.*
      multiprocessing.process.* multiprocessing.set_executable multiprocessing.set_forkserver_preload
      concurrent.futures.ProcessPoolExecutor concurrent.futures.process.* anyio.run_process anyio.open_process
      anyio.to_process.* trio.run_process trio.open_process trio.lowlevel.open_process webbrowser.* click.launch
      click.edit venv.* virtualenv.* pexpect.* ptyprocess.* winpty.* wexpect.* sh.* plumbum.* delegator.* envoy.*
      fabric.* invoke.* sarge.* eventlet.green.subprocess.* gevent.subprocess.* gevent.os.*
      twisted.internet.utils.* win32api.* win32process.* win32com.* wmi.* pywinauto.* paramiko.SSHClient
      paramiko.Transport asyncssh.* salt.client.* ansible.* docker.from_env docker.DockerClient docker.APIClient
      kubernetes.stream.* execnet.* xonsh.* pyautogui.* pynput.* keyboard.* torch.utils.cpp_extension.* daemon.*`,
  },
  // Called, it is the path that counts; handed on, nobody sees the path.
  "python-destructive": { warn: `shutil.rmtree distutils.dir_util.remove_tree os.removedirs` },
  "python-native": {
    block: `ctypes.CDLL ctypes.cdll ctypes.PyDLL ctypes.pydll ctypes.WinDLL ctypes.windll ctypes.OleDLL ctypes.oledll
      ctypes.LibraryLoader ctypes.CFUNCTYPE ctypes.PYFUNCTYPE ctypes.WINFUNCTYPE ctypes.memmove ctypes.memset
      ctypes.string_at ctypes.cast ctypes.py_object ctypes.pythonapi ctypes.util.* _ctypes.* cffi.* _cffi_backend.*
      cppyy.* Cython.Build.* Cython.inline cython.inline scipy.weave.* pwn.* frida.* mmap.PROT_EXEC _rawffi.*`,
    warn: `ctypes.* numpy.ctypeslib.* llvmlite.* numpy.f2py.* jpype.* jnius.* clr.* comtypes.* objc.* pyopencl.* pycuda.*
      mmap.mmap`,
  },
};

/** Attributes that count whatever they are read from. */
const ATTRIBUTES: Readonly<Record<string, Names>> = {
  "python-dunder-walk": {
    block: `__subclasses__ __globals__ __builtins__ func_globals func_code f_globals f_builtins gi_frame cr_frame ag_frame
      gi_code cr_code ag_code co_code cell_contents __import__ __base__ f_back f_locals __loader__`,
    warn: `__mro__ __code__ __defaults__ __kwdefaults__ __bases__ __reduce__ __reduce_ex__ __closure__ tb_frame
      __getattribute__ __spec__ mro`,
  },
  "python-process": {
    block: `spawnv_passfds fork_exec subprocess_shell create_subprocess_shell exec_command posix_spawn posix_spawnp spawnv
      spawnl spawnve spawnlp spawnvp execvp execve execvpe execlp spawnProcess getstatusoutput`,
    warnIfCalled: `subprocess_exec create_subprocess_exec popen Popen check_output check_call getoutput`,
  },
  "python-native": { block: `enable_load_extension load_extension dlopen LoadLibrary` },
  "python-eval": {
    block: `runcode runsource`,
    warnIfCalled: `run_code run_string runctx runeval runcall eval_js`,
  },
  "python-dynamic-import": {
    block: `exec_module`,
    warnIfCalled: `load_module load_dynamic load_source load_compiled`,
  },
  "python-deserialise": { block: `unsafe_load unsafe_load_all read_pickle` },
};

function table(byRule: Readonly<Record<string, Names>>): ReadonlyMap<string, Capability> {
  const capabilities = new Map<string, Capability>();
  for (const [rule, { block = "", warn = "", warnIfCalled = "" }] of Object.entries(byRule)) {
    for (const name of words(block))
      capabilities.set(name, { rule, level: "block", calledOnly: false, isWhole: name.endsWith(".*") });
    for (const name of words(warn))
      capabilities.set(name, { rule, level: "warn", calledOnly: false, isWhole: name.endsWith(".*") });
    for (const name of words(warnIfCalled))
      capabilities.set(name, { rule, level: "warn", calledOnly: true, isWhole: false });
  }
  return capabilities;
}

function words(list: string): string[] {
  return list.split(/\s+/).filter((word) => word !== "");
}

const BY_NAME = table(NAMES);

/** By the name of an attribute. */
export const CAPABLE_ATTRIBUTES = table(ATTRIBUTES);

/** What the object of this full name gives, by itself or as a member of a module that counts whole. */
export function capabilityOf(path: string): Capability | undefined {
  const exact = BY_NAME.get(path);
  if (exact) return exact;
  for (let dot = path.lastIndexOf("."); dot > 0; dot = path.lastIndexOf(".", dot - 1)) {
    const whole = BY_NAME.get(`${path.slice(0, dot)}.*`);
    if (whole) return whole;
  }
  return undefined;
}

/** Every module of which some name counts, and those above it: `os`, `importlib`, `importlib.util`. */
export const CAPABLE_MODULES: ReadonlySet<string> = new Set(
  [...BY_NAME.keys()].flatMap((name) => {
    const parts = name.split(".").slice(0, -1);
    return parts.map((_, index) => parts.slice(0, index + 1).join("."));
  }),
);

/** The builtins that count, without `builtins.`. */
export const CAPABLE_BUILTINS: readonly string[] = [...BY_NAME.keys()].flatMap((name) =>
  name.startsWith("builtins.") ? [name.slice("builtins.".length)] : [],
);

/** Modules that are more than a name to whoever holds them: handing one on as a value hands on all it gives. */
export const POWERFUL_MODULES: ReadonlySet<string> = new Set(
  `os sys subprocess builtins importlib ctypes posix nt pty runpy pickle marshal imp code shutil commands gc`.split(
    " ",
  ),
);

/** The names that count, by the module that `import *` would take them from. */
export const CAPABILITY_NAMES_BY_MODULE: ReadonlyMap<string, readonly string[]> = new Map(
  [...Map.groupBy(BY_NAME.keys(), (name) => name.slice(0, name.lastIndexOf(".")))].map(([module, names]) => [
    module,
    names.map((name) => name.slice(module.length + 1)).filter((name) => name !== "*"),
  ]),
);
