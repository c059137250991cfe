/** Packages whose modules have another name: the module, then the packages that bring it, as `normalName` writes them. */
const TABLE = `
yaml pyyaml types-pyyaml | ruamel ruamel-yaml | PIL pillow pillow-simd | cv2 opencv-python opencv-python-headless opencv-contrib-python opencv-contrib-python-headless
sklearn scikit-learn | skimage scikit-image | bs4 beautifulsoup4 bs4 | dotenv python-dotenv | attr attrs | attrs attrs | dateutil python-dateutil
jwt pyjwt | jose python-jose | OpenSSL pyopenssl | Crypto pycryptodome pycrypto | Cryptodome pycryptodomex | nacl pynacl | serial pyserial | usb pyusb
MySQLdb mysqlclient | pymysql pymysql | psycopg2 psycopg2 psycopg2-binary | psycopg psycopg psycopg-binary | pg8000 pg8000 | ldap python-ldap | ldap3 ldap3
magic python-magic | git gitpython | github pygithub | gitlab python-gitlab | docx python-docx | pptx python-pptx | fitz pymupdf | pypdf pypdf
PyPDF2 pypdf2 | slugify python-slugify unicode-slugify | Levenshtein levenshtein python-levenshtein | multipart python-multipart | python_multipart python-multipart
socks pysocks | zmq pyzmq | wx wxpython | gi pygobject | cairo pycairo | Xlib python-xlib | win32api pywin32 | win32con pywin32 | win32com pywin32
pythoncom pywin32 | pywintypes pywin32 | win32file pywin32 | winreg pywin32 | dns dnspython | memcache python-memcached | pylibmc pylibmc | consul python-consul
kafka kafka-python kafka-python-ng | confluent_kafka confluent-kafka | pkg_resources setuptools | setuptools setuptools | _distutils_hack setuptools
rest_framework djangorestframework | rest_framework_simplejwt djangorestframework-simplejwt | corsheaders django-cors-headers | debug_toolbar django-debug-toolbar
django_extensions django-extensions | django_filters django-filter | environ django-environ environ-config | storages django-storages | crispy_forms django-crispy-forms
allauth django-allauth | guardian django-guardian | import_export django-import-export | mptt django-mptt | taggit django-taggit | channels channels
flask_sqlalchemy flask-sqlalchemy | flask_cors flask-cors | flask_login flask-login | jinja2 jinja2 | markdown markdown | md2 markdown2 | google google-auth protobuf
googleapiclient google-api-python-client | google_auth_oauthlib google-auth-oauthlib | apiclient google-api-python-client | grpc grpcio | grpc_tools grpcio-tools
grpc_status grpcio-status | grpc_health grpcio-health-checking | tensorflow tensorflow tensorflow-cpu tensorflow-gpu tf-nightly | tensorboard tensorboard
torch torch | torchvision torchvision | faiss faiss-cpu faiss-gpu | sentence_transformers sentence-transformers | umap umap-learn | hdbscan hdbscan
pytorch_lightning pytorch-lightning lightning | lightning lightning pytorch-lightning | mpl_toolkits matplotlib | pylab matplotlib | pandas_datareader pandas-datareader
telegram python-telegram-bot | discord discord-py py-cord | nextcord nextcord | slack slackclient slack-sdk | slack_sdk slack-sdk | slack_bolt slack-bolt
twilio twilio | stripe stripe | sentry_sdk sentry-sdk | raven raven | statsd statsd | prometheus_client prometheus-client | opentelemetry opentelemetry-api opentelemetry-sdk
azure azure-core azure-identity azure-storage-blob | msrest msrest | boto boto | botocore botocore boto3 | moto moto | pytest_asyncio pytest-asyncio
pytest_cov pytest-cov | pytest_mock pytest-mock | _pytest pytest | xdist pytest-xdist | pluggy pluggy pytest | iniconfig iniconfig pytest | py py pytest
coverage coverage pytest-cov | freezegun freezegun | responses responses | respx respx | vcr vcrpy | faker faker | factory factory-boy | hypothesis hypothesis
mock mock | nose nose | sphinx sphinx | docutils docutils sphinx | sphinx_rtd_theme sphinx-rtd-theme | recommonmark recommonmark | myst_parser myst-parser
websocket websocket-client | websockets websockets | socketio python-socketio | engineio python-engineio | aiohttp_cors aiohttp-cors | tornado tornado
uvicorn uvicorn | starlette starlette fastapi | pydantic_settings pydantic-settings | pydantic_core pydantic pydantic-core | email_validator email-validator pydantic
sqlalchemy sqlalchemy | alembic alembic | peewee peewee | playhouse peewee | bson pymongo | gridfs pymongo | pymongo pymongo motor | motor motor | redis redis
rq rq | celery celery | kombu kombu celery | amqp amqp | pika pika | nats nats-py | paho paho-mqtt | can python-can | smbus smbus2 smbus | RPi rpi-gpio
board adafruit-blinka | busio adafruit-blinka | lxml lxml | html5lib html5lib | cssselect cssselect | tinycss2 tinycss2 | readability readability-lxml
unidecode unidecode | ftfy ftfy | chardet chardet | charset_normalizer charset-normalizer requests | certifi certifi requests | idna idna requests | urllib3 urllib3 requests
zope zope-interface zope-component | OpenGL pyopengl | pyximport cython | Cython cython | cython cython | tabulate tabulate | termcolor termcolor | colorama colorama
prompt_toolkit prompt-toolkit | IPython ipython | ipywidgets ipywidgets | nbformat nbformat | nbconvert nbconvert | notebook notebook | jupyter_client jupyter-client
lsp pygls | pygls pygls | parso parso jedi | jedi jedi | snowflake snowflake-connector-python | databricks databricks-sdk | clickhouse_driver clickhouse-driver
elasticsearch elasticsearch | elasticsearch_dsl elasticsearch-dsl | whoosh whoosh | pyasn1 pyasn1 | ecdsa ecdsa | nmap python-nmap | scapy scapy | shapely shapely
osgeo gdal | fiona fiona | mpi4py mpi4py | igraph igraph python-igraph | Bio biopython | rdkit rdkit rdkit-pypi | Quandl quandl | ccxt ccxt | binance python-binance
talib ta-lib | pyaudio pyaudio | speech_recognition speechrecognition | gtts gtts | vlc python-vlc | mutagen mutagen | moviepy moviepy | editor moviepy
ttkthemes ttkthemes | PyQt5 pyqt5 | PyQt6 pyqt6 | sip pyqt5-sip sip | qtpy qtpy | kivy kivy | pyglet pyglet | pygame pygame pygame-ce | arcade arcade
markdown_it markdown-it-py | mdurl mdurl markdown-it-py | linkify_it linkify-it-py | mistune mistune | pygments pygments | babel babel | pytz pytz | tzlocal tzlocal
exceptiongroup exceptiongroup | typing_extensions typing-extensions | importlib_metadata importlib-metadata | importlib_resources importlib-resources
tomli tomli | tomli_w tomli-w | toml toml | pathspec pathspec | platformdirs platformdirs | mypy_extensions mypy-extensions | packaging packaging | mypy mypy
mypyc mypy | blib2to3 black | blackd black | ptyprocess ptyprocess pexpect | pexpect pexpect | sh sh | invoke invoke fabric | paramiko paramiko fabric
ansible ansible ansible-core | jsonschema jsonschema | fastjsonschema fastjsonschema | simplejson simplejson | ujson ujson | orjson orjson | rapidjson python-rapidjson
msgpack msgpack msgpack-python | cbor2 cbor2 | avro avro avro-python3 | snappy python-snappy | lz4 lz4 | zstandard zstandard | brotli brotli | xmltodict xmltodict
oauthlib oauthlib requests-oauthlib | requests_oauthlib requests-oauthlib | requests_toolbelt requests-toolbelt | ntlm_auth ntlm-auth | kerberos kerberos pykerberos
multidict multidict aiohttp | yarl yarl aiohttp | httpcore httpcore httpx | sniffio sniffio anyio httpx | anyio anyio httpx starlette fastapi | h11 h11 httpcore httpx uvicorn
h2 h2 | hpack hpack h2 | werkzeug werkzeug flask | itsdangerous itsdangerous flask | markupsafe markupsafe jinja2 flask | click click flask | blinker blinker flask
asgiref asgiref django | sqlparse sqlparse django | numpy numpy pandas scipy scikit-learn | scipy scipy scikit-learn | joblib joblib scikit-learn | pandas pandas
rich rich | typer typer | shellingham shellingham typer | marshmallow marshmallow | wtforms wtforms flask-wtf | flask_wtf flask-wtf | trio trio | outcome outcome trio
greenlet greenlet gevent sqlalchemy | gevent gevent | eventlet eventlet | twisted twisted | constantly constantly twisted | incremental incremental twisted
unittest2 unittest2 | six six | future future | past future | builtins future | pkginfo pkginfo | readme_renderer readme-renderer | wheel wheel | pip pip | build build
nox nox | tox tox | virtualenv virtualenv | hatchling hatchling | hatch hatch | flit_core flit-core | poetry poetry poetry-core | pdm pdm | pre_commit pre-commit
`;

const PACKAGES: ReadonlyMap<string, readonly string[]> = new Map(
  TABLE.split(/[|\n]/).flatMap((entry): [string, string[]][] => {
    const [module, ...packages] = entry.trim().split(/\s+/);
    return module ? [[module, packages]] : [];
  }),
);

/** The name of a package as the index compares it. */
export function normalName(name: string): string {
  return name.toLowerCase().replace(/[-_.]+/g, "-");
}

/** Whether one of the packages, named as `normalName` does, brings the module. */
export function brings(packages: ReadonlySet<string>, module: string): boolean {
  const name = normalName(module);
  const known = PACKAGES.get(module) ?? [];
  if (packages.has(name) || known.some((candidate) => packages.has(candidate))) return true;
  const usual = [
    `python-${name}`,
    `py-${name}`,
    `py${name}`,
    `${name}-python`,
    `${name}-py`,
    `${name}-binary`,
  ];
  if (
    [...usual, `django-${name}`, `flask-${name}`, `types-${name}`].some((candidate) =>
      packages.has(candidate),
    )
  )
    return true;
  // Packages that share a name: `google-cloud-storage` brings a part of `google`.
  return NAMESPACES.has(name) && [...packages].some((candidate) => candidate.startsWith(`${name}-`));
}

/** Whether the module is a well-known one, of whatever package: its name is nobody's invention. */
export function isWellKnown(module: string): boolean {
  return PACKAGES.has(module) || NAMESPACES.has(normalName(module)) || WELL_KNOWN.has(module);
}

const WELL_KNOWN: ReadonlySet<string> = new Set(
  "requests httpx aiohttp flask django fastapi pydantic pytest matplotlib seaborn plotly dash streamlit gradio transformers datasets tokenizers accelerate diffusers openai anthropic langchain llama_index nltk spacy gensim xgboost lightgbm catboost statsmodels networkx sympy numba dask polars pyarrow duckdb boto3 s3fs fsspec loguru structlog tqdm tenacity cachetools apscheduler selenium playwright scrapy pyperclip psutil watchdog black isort flake8 ruff pylint bandit jax flax keras onnx onnxruntime mlflow wandb ray optuna evaluate peft arrow pendulum humanize inflect regex docopt fire cryptography passlib bcrypt argon2 uvloop gunicorn hypercorn sanic bottle falcon tortoise sqlmodel asyncpg aiosqlite pyodbc cx_Oracle oracledb ibm_db toolz more_itertools attr wrapt decorator deprecated zstd pyparsing ply lark antlr4 imageio tifffile pyproj geopandas rasterio folium bokeh altair".split(
    " ",
  ),
);

/** Top-level modules that many packages bring a part of. */
const NAMESPACES: ReadonlySet<string> = new Set(
  "google azure zope opentelemetry airflow sphinxcontrib backports jaraco ruamel aws-cdk databricks snowflake plone collective odoo dagster llama-index langchain jupyter mpl-toolkits tensorflow opentracing".split(
    " ",
  ),
);
