import type { Ecosystem } from "./dependency.ts";

/** Names that are so common that what is nearly one of them is suspicious: a short list, on purpose. */
const NAMES: Readonly<Record<Ecosystem, string>> = {
  npm: "lodash react react-dom express axios chalk commander debug async moment request typescript webpack eslint prettier jest vitest mocha chai babel-core @babel/core tslib rxjs vue next zod uuid dotenv cross-env rimraf mkdirp glob minimist yargs inquirer semver ws body-parser cors mongoose mongodb redis ioredis pg mysql mysql2 sequelize socket.io jsonwebtoken bcrypt bcryptjs passport nodemailer puppeteer playwright cheerio colors underscore ramda immutable classnames styled-components tailwindcss postcss autoprefixer vite rollup esbuild parcel ts-node tsx nodemon pm2 winston pino fastify koa hono graphql prisma @prisma/client knex node-fetch undici got superagent form-data qs mime multer sharp jquery bootstrap d3 three electron discord.js openai event-stream cross-spawn fs-extra execa ajv yaml js-yaml date-fns dayjs luxon nanoid husky lint-staged concurrently @types/node @types/react turbo husky svelte angular @angular/core redux react-router react-router-dom formik preact ethers web3",
  python:
    "requests numpy pandas scipy matplotlib pytest flask django fastapi sqlalchemy pydantic boto3 botocore urllib3 setuptools pip wheel six certifi idna charset-normalizer python-dateutil pytz pyyaml click jinja2 markupsafe werkzeug cryptography cffi pillow tqdm rich typer httpx aiohttp beautifulsoup4 lxml selenium scikit-learn tensorflow torch transformers openai anthropic langchain keras seaborn plotly jupyter notebook ipython virtualenv tox black mypy flake8 ruff isort coverage mock hypothesis attrs packaging colorama psutil redis celery gunicorn uvicorn starlette psycopg2 psycopg2-binary pymongo paramiko fabric ansible jsonschema marshmallow tabulate loguru python-dotenv simplejson toml tomli msgpack protobuf grpcio pyjwt bcrypt passlib nltk spacy opencv-python huggingface-hub polars",
  go: "github.com/stretchr/testify github.com/gin-gonic/gin github.com/spf13/cobra github.com/spf13/viper github.com/sirupsen/logrus github.com/gorilla/mux go.uber.org/zap google.golang.org/grpc github.com/pkg/errors github.com/google/uuid github.com/lib/pq gorm.io/gorm golang.org/x/net golang.org/x/sys golang.org/x/crypto golang.org/x/text gopkg.in/yaml.v3",
  rust: "serde serde_json tokio clap rand regex anyhow thiserror log env_logger reqwest hyper axum tracing chrono uuid itertools lazy_static once_cell futures async-trait bytes libc syn quote proc-macro2 rayon crossbeam num-traits base64 url tempfile toml sqlx diesel actix-web",
  ruby: "rails rake rspec bundler nokogiri puma sinatra devise sidekiq pg mysql2 redis rubocop minitest activerecord activesupport rack json faraday httparty capybara sqlite3",
  php: "laravel/framework symfony/console guzzlehttp/guzzle monolog/monolog phpunit/phpunit doctrine/orm twig/twig composer/composer nesbot/carbon vlucas/phpdotenv",
  java: "org.springframework:spring-core org.junit.jupiter:junit-jupiter junit:junit com.google.guava:guava org.slf4j:slf4j-api org.apache.commons:commons-lang3 com.fasterxml.jackson.core:jackson-databind org.projectlombok:lombok org.mockito:mockito-core",
  dotnet:
    "newtonsoft.json serilog automapper dapper xunit nunit moq fluentassertions polly mediatr microsoft.extensions.logging microsoft.entityframeworkcore",
};

const SETS = new Map<Ecosystem, readonly string[]>();

export function knownPackages(ecosystem: Ecosystem): readonly string[] {
  let names = SETS.get(ecosystem);
  if (!names) SETS.set(ecosystem, (names = [...new Set(NAMES[ecosystem].split(" "))]));
  return names;
}

/** Modules that a language brings along: a package of that name, or nearly, is not what was meant. */
const BUILTINS: Readonly<Partial<Record<Ecosystem, string>>> = {
  npm: "assert buffer child_process cluster console constants crypto dgram dns domain events fs http http2 https inspector module net os path perf_hooks process punycode querystring readline repl stream string_decoder timers tls tty url util v8 vm wasi worker_threads zlib",
  python:
    "abc argparse array ast asyncio base64 bisect calendar collections concurrent configparser contextlib copy csv ctypes dataclasses datetime decimal difflib email enum fnmatch fractions functools getpass glob gzip hashlib heapq hmac html http importlib inspect io itertools json logging lzma math mimetypes multiprocessing operator os pathlib pickle platform pprint queue random re sched secrets select shelve shlex shutil signal smtplib socket sqlite3 ssl stat statistics string struct subprocess sys tarfile tempfile textwrap threading time timeit tokenize traceback types typing unittest urllib uuid venv warnings weakref xml zipfile zlib zoneinfo",
};

export function builtinNames(ecosystem: Ecosystem): readonly string[] {
  return BUILTINS[ecosystem]?.split(" ") ?? [];
}
