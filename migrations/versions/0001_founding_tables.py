"""The founding tables, and the rule that the ledger's past cannot be changed."""

import sqlalchemy as sa
import sqlmodel
from alembic import op
from geoalchemy2 import Geometry
from sqlalchemy.dialects import postgresql

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


APPEND_ONLY = ("event_key", "event", "event_epc", "event_sequence", "stock_movement")


class Xid8(sa.types.UserDefinedType):
    """PostgreSQL's 64-bit transaction id."""

    cache_ok = True

    def get_col_spec(self, **_: object) -> str:
        return "xid8"


def upgrade() -> None:
    op.execute("CREATE EXTENSION IF NOT EXISTS postgis")
    create_tables()
    op.execute("CREATE TABLE position_rest PARTITION OF position DEFAULT")
    # The application may not create tables; this is the one it needs, made with the owner's right.
    op.execute(
        """
        CREATE FUNCTION make_position_partition(month date) RETURNS text
        LANGUAGE plpgsql SECURITY DEFINER SET search_path = public AS $$
        DECLARE
            first date := date_trunc('month', month)::date;
            name text := 'position_' || to_char(first, 'YYYYMM');
        BEGIN
            IF to_regclass(name) IS NULL THEN
                EXECUTE format(
                    'CREATE TABLE %I PARTITION OF position FOR VALUES FROM (%L) TO (%L)',
                    name, first, (first + interval '1 month')::date);
            END IF;
            RETURN name;
        END $$
        """
    )
    keep_the_past()


def keep_the_past() -> None:
    """The application's role may add to the ledger and nothing else; a trigger says so to anyone else."""
    op.execute(
        """
        DO $$ BEGIN
            IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'lumbung_app') THEN
                CREATE ROLE lumbung_app NOLOGIN;
            END IF;
        END $$
        """
    )
    # An owner that is not a superuser takes on the role only as its member (LUMBUNG_DATABASE_URL with one login).
    op.execute(
        """
        DO $$ BEGIN
            IF NOT pg_has_role(current_user, 'lumbung_app', 'MEMBER') THEN
                EXECUTE format('GRANT lumbung_app TO %I', current_user);
            END IF;
        EXCEPTION WHEN insufficient_privilege THEN NULL;  -- the private cluster: the application has its own login
        END $$
        """
    )
    op.execute("GRANT USAGE ON SCHEMA public TO lumbung_app")
    op.execute("GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO lumbung_app")
    op.execute(
        "ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO lumbung_app"
    )
    op.execute("REVOKE INSERT, UPDATE, DELETE ON alembic_version, spatial_ref_sys FROM lumbung_app")
    op.execute(
        """
        CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
            RAISE EXCEPTION '% is append-only: corrections are new rows', TG_TABLE_NAME
                USING ERRCODE = 'restrict_violation';
        END $$
        """
    )
    for table in APPEND_ONLY:
        op.execute(f"REVOKE UPDATE, DELETE, TRUNCATE ON {table} FROM lumbung_app")
        op.execute(
            f"CREATE TRIGGER refuse_change BEFORE UPDATE OR DELETE OR TRUNCATE ON {table} "
            "FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()"
        )


def create_tables() -> None:
    op.create_table(
        "account",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("login", sqlmodel.sql.sqltypes.AutoString(length=80), nullable=False),
        sa.Column("name", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("role", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("password_hash", sqlmodel.sql.sqltypes.AutoString(), nullable=True),
        sa.Column("language", sqlmodel.sql.sqltypes.AutoString(length=2), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("disabled_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "role IN ('farmer', 'group_head', 'driver', 'hub_operator', 'warehouse_operator', 'officer', 'observer', 'partner', 'administrator')",
            name=op.f("ck_account_role_known"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_account")),
        sa.UniqueConstraint("login", name=op.f("uq_account_login")),
    )
    op.create_table(
        "containment",
        sa.Column("child", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("from_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("parent", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("to_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("child", "from_at", "parent", name=op.f("pk_containment")),
    )
    op.create_index("ix_containment_parent", "containment", ["parent", "from_at"], unique=False)
    op.create_table(
        "epc_state",
        sa.Column("epc", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("kind", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("lot_uri", sqlmodel.sql.sqltypes.AutoString(), nullable=True),
        sa.Column("gtin", sqlmodel.sql.sqltypes.AutoString(), nullable=True),
        sa.Column("quantity_kg", sa.Numeric(precision=14, scale=3), nullable=True),
        sa.Column("head_count", sa.Integer(), nullable=True),
        sa.Column("commissioned_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("last_event_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("biz_step", sqlmodel.sql.sqltypes.AutoString(), nullable=True),
        sa.Column("disposition", sqlmodel.sql.sqltypes.AutoString(), nullable=True),
        sa.Column("place", sqlmodel.sql.sqltypes.AutoString(), nullable=True),
        sa.Column("persistent", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("sold_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("record_count", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("epc", name=op.f("pk_epc_state")),
    )
    op.create_index("ix_epc_state_lot", "epc_state", ["lot_uri"], unique=False)
    op.create_index("ix_epc_state_place", "epc_state", ["place", "biz_step"], unique=False)
    op.create_table(
        "event_epc",
        sa.Column("event", sa.Uuid(), nullable=False),
        sa.Column("epc", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("role", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("event_time", sa.DateTime(timezone=True), nullable=False),
        sa.Column("quantity", sa.Numeric(precision=14, scale=3), nullable=True),
        sa.Column("uom", sqlmodel.sql.sqltypes.AutoString(length=3), nullable=True),
        sa.CheckConstraint(
            "role IN ('epc', 'parent', 'child', 'input', 'output', 'epc_class', 'child_class', 'input_class', 'output_class', 'transaction')",
            name=op.f("ck_event_epc_role_known"),
        ),
        sa.PrimaryKeyConstraint("event", "epc", "role", name=op.f("pk_event_epc")),
    )
    op.create_index("ix_event_epc_epc", "event_epc", ["epc", "event_time", "event"], unique=False)
    op.create_table(
        "event_key",
        sa.Column("event_id", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("declares_error", sa.Boolean(), nullable=False),
        sa.Column("event", sa.Uuid(), nullable=False),
        sa.PrimaryKeyConstraint("event_id", "declares_error", name=op.f("pk_event_key")),
    )
    op.create_index("ix_event_key_declared", "event_key", ["event_id"], postgresql_where="declares_error")
    op.create_table(
        "event_sequence",
        sa.Column("sequence", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("event", sa.Uuid(), nullable=False),
        sa.PrimaryKeyConstraint("sequence", name=op.f("pk_event_sequence")),
        sa.UniqueConstraint("event", name=op.f("uq_event_sequence_event")),
    )
    op.create_table(
        "event_unsealed",
        sa.Column("event", sa.Uuid(), nullable=False),
        sa.Column("xid", Xid8(), server_default=sa.text("pg_current_xact_id()"), nullable=False),
        sa.PrimaryKeyConstraint("event", name=op.f("pk_event_unsealed")),
    )
    op.create_table(
        "lineage",
        sa.Column("output", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("input", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("event", sa.Uuid(), nullable=False),
        sa.PrimaryKeyConstraint("output", "input", "event", name=op.f("pk_lineage")),
    )
    op.create_index("ix_lineage_input", "lineage", ["input", "output"], unique=False)
    op.create_table(
        "party",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("gln", sqlmodel.sql.sqltypes.AutoString(length=13), nullable=False),
        sa.Column("name", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("kind", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("province", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("district", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("village", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("gs1_prefix", sqlmodel.sql.sqltypes.AutoString(length=12), nullable=True),
        sa.CheckConstraint(
            "kind IN ('farmer_group', 'enterprise', 'carrier', 'buyer', 'authority')", name=op.f("ck_party_kind_known")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_party")),
        sa.UniqueConstraint("gln", name=op.f("uq_party_gln")),
    )
    op.create_table(
        "price_series",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("source", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("area", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("market", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("name", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("level", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("frequency", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("commodity", sqlmodel.sql.sqltypes.AutoString(), nullable=True),
        sa.Column("grade", sqlmodel.sql.sqltypes.AutoString(), nullable=True),
        sa.Column("unit", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("terms", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.CheckConstraint("frequency IN ('daily', 'monthly')", name=op.f("ck_price_series_frequency_known")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_price_series")),
        sa.UniqueConstraint("source", "area", "market", "name", "level", "frequency", name="uq_price_series_key"),
    )
    op.create_index(op.f("ix_price_series_commodity"), "price_series", ["commodity"], unique=False)
    op.create_table(
        "product",
        sa.Column("gtin", sqlmodel.sql.sqltypes.AutoString(length=14), nullable=False),
        sa.Column("commodity", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("name_id", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("name_en", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("grade", sqlmodel.sql.sqltypes.AutoString(), nullable=True),
        sa.Column("shelf_life_days", sa.Integer(), nullable=False),
        sa.Column("temperature_min_c", sa.Numeric(precision=4, scale=1), nullable=True),
        sa.Column("temperature_max_c", sa.Numeric(precision=4, scale=1), nullable=True),
        sa.Column("tolerance_percent", sa.Numeric(precision=5, scale=2), nullable=False),
        sa.Column("counted", sa.Boolean(), nullable=False),
        sa.Column("harvested", sa.Boolean(), nullable=False),
        sa.Column("unit_kg", sa.Numeric(precision=14, scale=3), nullable=True),
        sa.Column("papers", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.CheckConstraint(
            "commodity IN ('rice', 'corn', 'banana', 'chicken')", name=op.f("ck_product_commodity_known")
        ),
        sa.CheckConstraint("shelf_life_days > 0", name=op.f("ck_product_shelf_life_positive")),
        sa.CheckConstraint("temperature_min_c < temperature_max_c", name=op.f("ck_product_temperature_band")),
        sa.CheckConstraint("tolerance_percent >= 0", name=op.f("ck_product_tolerance_not_negative")),
        sa.PrimaryKeyConstraint("gtin", name=op.f("pk_product")),
    )
    op.create_table(
        "reference_price",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("instrument", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("commodity", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("grade", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("level", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("zone", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("provinces", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("price_idr", sa.Numeric(precision=14, scale=2), nullable=False),
        sa.Column("price_to_idr", sa.Numeric(precision=14, scale=2), nullable=True),
        sa.Column("unit", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("decree", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("effective_from", sa.Date(), nullable=False),
        sa.Column("effective_to", sa.Date(), nullable=True),
        sa.Column("verification", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("source", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.CheckConstraint(
            "instrument IN ('HET', 'HAP', 'HPP', 'SPHP')", name=op.f("ck_reference_price_instrument_known")
        ),
        sa.CheckConstraint(
            "effective_to IS NULL OR effective_to >= effective_from", name=op.f("ck_reference_price_days")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_reference_price")),
        sa.UniqueConstraint(
            "instrument", "commodity", "grade", "level", "zone", "effective_from", name="uq_reference_price_key"
        ),
    )
    op.create_index(op.f("ix_reference_price_commodity"), "reference_price", ["commodity"], unique=False)
    op.create_table(
        "sign_in_attempt",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("login", sqlmodel.sql.sqltypes.AutoString(length=80), nullable=False),
        sa.Column("attempted_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sign_in_attempt")),
    )
    op.create_index(op.f("ix_sign_in_attempt_login"), "sign_in_attempt", ["login"], unique=False)
    op.create_table(
        "api_token",
        sa.Column("token_sha256", sa.LargeBinary(), nullable=False),
        sa.Column("account_id", sa.Uuid(), nullable=False),
        sa.Column("name", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("revoked_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"], name=op.f("fk_api_token_account_id_account")),
        sa.PrimaryKeyConstraint("token_sha256", name=op.f("pk_api_token")),
    )
    op.create_index(op.f("ix_api_token_account_id"), "api_token", ["account_id"], unique=False)
    op.create_table(
        "carrier",
        sa.Column("giai", sqlmodel.sql.sqltypes.AutoString(length=30), nullable=False),
        sa.Column("kind", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("name", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("party_id", sa.Uuid(), nullable=False),
        sa.Column("mmsi", sqlmodel.sql.sqltypes.AutoString(length=9), nullable=True),
        sa.CheckConstraint("kind IN ('truck', 'vessel')", name=op.f("ck_carrier_kind_known")),
        sa.ForeignKeyConstraint(["party_id"], ["party.id"], name=op.f("fk_carrier_party_id_party")),
        sa.PrimaryKeyConstraint("giai", name=op.f("pk_carrier")),
        sa.UniqueConstraint("mmsi", name=op.f("uq_carrier_mmsi")),
    )
    op.create_index(op.f("ix_carrier_name"), "carrier", ["name"], unique=False)
    op.create_table(
        "container",
        sa.Column("grai", sqlmodel.sql.sqltypes.AutoString(length=30), nullable=False),
        sa.Column("kind", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("iso6346", sqlmodel.sql.sqltypes.AutoString(length=11), nullable=True),
        sa.Column("party_id", sa.Uuid(), nullable=False),
        sa.CheckConstraint("kind IN ('dry', 'reefer', 'bulk')", name=op.f("ck_container_kind_known")),
        sa.ForeignKeyConstraint(["party_id"], ["party.id"], name=op.f("fk_container_party_id_party")),
        sa.PrimaryKeyConstraint("grai", name=op.f("pk_container")),
        sa.UniqueConstraint("iso6346", name=op.f("uq_container_iso6346")),
    )
    op.create_table(
        "device",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("kind", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("name", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("external_id", sqlmodel.sql.sqltypes.AutoString(), nullable=True),
        sa.Column("account_id", sa.Uuid(), nullable=True),
        sa.Column("credential_hash", sqlmodel.sql.sqltypes.AutoString(), nullable=True),
        sa.Column("prefix", sqlmodel.sql.sqltypes.AutoString(length=8), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("revoked_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "kind IN ('phone', 'tracker', 'ais', 'logger', 'scanner')", name=op.f("ck_device_kind_known")
        ),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"], name=op.f("fk_device_account_id_account")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_device")),
        sa.UniqueConstraint("credential_hash", name=op.f("uq_device_credential_hash")),
        sa.UniqueConstraint("external_id", name=op.f("uq_device_external_id")),
        sa.UniqueConstraint("prefix", name=op.f("uq_device_prefix")),
    )
    op.create_index(op.f("ix_device_account_id"), "device", ["account_id"], unique=False)
    op.create_table(
        "event",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("event_id", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("hash", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("declares_error", sa.Boolean(), nullable=False),
        sa.Column("event_type", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("action", sqlmodel.sql.sqltypes.AutoString(), nullable=True),
        sa.Column("event_time", sa.DateTime(timezone=True), nullable=False),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("biz_step", sqlmodel.sql.sqltypes.AutoString(), nullable=True),
        sa.Column("disposition", sqlmodel.sql.sqltypes.AutoString(), nullable=True),
        sa.Column("read_point", sqlmodel.sql.sqltypes.AutoString(), nullable=True),
        sa.Column("biz_location", sqlmodel.sql.sqltypes.AutoString(), nullable=True),
        sa.Column("party_id", sa.Uuid(), nullable=True),
        sa.Column("scan_id", sa.Uuid(), nullable=True),
        sa.Column("document", postgresql.JSON(astext_type=sa.Text()), nullable=False),
        sa.Column("document_sha256", sa.LargeBinary(), nullable=False),
        sa.CheckConstraint(
            "event_type IN ('ObjectEvent', 'AggregationEvent', 'TransactionEvent', 'TransformationEvent', 'AssociationEvent')",
            name=op.f("ck_event_event_type_known"),
        ),
        sa.ForeignKeyConstraint(["party_id"], ["party.id"], name=op.f("fk_event_party_id_party")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_event")),
    )
    op.create_index("ix_event_biz_location", "event", ["biz_location", "event_time"], unique=False)
    op.create_index("ix_event_event_time", "event", ["event_time", "hash"], unique=False)
    op.create_index("ix_event_read_point", "event", ["read_point", "event_time"], unique=False)
    op.create_table(
        "lot",
        sa.Column("uri", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("gtin", sqlmodel.sql.sqltypes.AutoString(length=14), nullable=False),
        sa.Column("lot_number", sa.Text(), nullable=False),
        sa.Column("party_id", sa.Uuid(), nullable=True),
        sa.Column("site_uri", sqlmodel.sql.sqltypes.AutoString(), nullable=True),
        sa.Column("produced_on", sa.Date(), nullable=True),
        sa.Column("quantity_kg", sa.Numeric(precision=14, scale=3), nullable=True),
        sa.Column("head_count", sa.Integer(), nullable=True),
        sa.ForeignKeyConstraint(["party_id"], ["party.id"], name=op.f("fk_lot_party_id_party")),
        sa.PrimaryKeyConstraint("uri", name=op.f("pk_lot")),
    )
    op.create_index(op.f("ix_lot_gtin"), "lot", ["gtin"], unique=False)
    op.create_index(op.f("ix_lot_party_id"), "lot", ["party_id"], unique=False)
    op.create_table(
        "price_alert",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("series_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("commodity", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("began_on", sa.Date(), nullable=False),
        sa.Column("ended_on", sa.Date(), nullable=True),
        sa.Column("stale_on", sa.Date(), nullable=True),
        sa.Column("raised_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("reference_id", sa.Uuid(), nullable=False),
        sa.Column("price_idr", sa.Numeric(precision=14, scale=2), nullable=False),
        sa.Column("gap_percent", sa.Numeric(precision=7, scale=2), nullable=False),
        sa.CheckConstraint(
            "commodity IN ('rice', 'corn', 'banana', 'chicken')", name=op.f("ck_price_alert_commodity_known")
        ),
        sa.CheckConstraint("kind = 'above_reference'", name=op.f("ck_price_alert_kind_known")),
        sa.CheckConstraint("ended_on IS NULL OR ended_on >= began_on", name=op.f("ck_price_alert_days")),
        sa.ForeignKeyConstraint(
            ["reference_id"], ["reference_price.id"], name=op.f("fk_price_alert_reference_id_reference_price")
        ),
        sa.ForeignKeyConstraint(["series_id"], ["price_series.id"], name=op.f("fk_price_alert_series_id_price_series")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_price_alert")),
    )
    op.create_index(
        "uq_price_alert_open", "price_alert", ["series_id", "kind"], unique=True, postgresql_where="ended_on IS NULL"
    )
    op.create_table(
        "price_import",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("file_name", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("file_sha256", sa.LargeBinary(), nullable=False),
        sa.Column("layout", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("imported_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("account_id", sa.Uuid(), nullable=True),
        sa.Column("counts", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"], name=op.f("fk_price_import_account_id_account")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_price_import")),
    )
    op.create_table(
        "sign_in",
        sa.Column("token_sha256", sa.LargeBinary(), nullable=False),
        sa.Column("account_id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"], name=op.f("fk_sign_in_account_id_account")),
        sa.PrimaryKeyConstraint("token_sha256", name=op.f("pk_sign_in")),
    )
    op.create_index(op.f("ix_sign_in_account_id"), "sign_in", ["account_id"], unique=False)
    op.create_geospatial_table(
        "site",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("gln", sqlmodel.sql.sqltypes.AutoString(length=13), nullable=False),
        sa.Column("extension", sqlmodel.sql.sqltypes.AutoString(length=20), nullable=False),
        sa.Column("uri", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("name", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("kind", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("party_id", sa.Uuid(), nullable=False),
        sa.Column("province", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("district", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("village", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column(
            "location",
            Geometry(
                geometry_type="POINT",
                srid=4326,
                dimension=2,
                spatial_index=False,
                from_text="ST_GeomFromEWKT",
                name="geometry",
                nullable=False,
            ),
            nullable=False,
        ),
        sa.Column(
            "boundary",
            Geometry(
                geometry_type="POLYGON",
                srid=4326,
                dimension=2,
                spatial_index=False,
                from_text="ST_GeomFromEWKT",
                name="geometry",
            ),
            nullable=True,
        ),
        sa.CheckConstraint(
            "kind IN ('farm', 'mill', 'slaughterhouse', 'hub', 'ferry_port', 'warehouse', 'market')",
            name=op.f("ck_site_kind_known"),
        ),
        sa.ForeignKeyConstraint(["party_id"], ["party.id"], name=op.f("fk_site_party_id_party")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_site")),
        sa.UniqueConstraint("gln", "extension", name=op.f("uq_site_gln_extension")),
        sa.UniqueConstraint("uri", name=op.f("uq_site_uri")),
    )
    op.create_geospatial_index(
        "idx_site_boundary", "site", ["boundary"], unique=False, postgresql_using="gist", postgresql_ops={}
    )
    op.create_geospatial_index(
        "idx_site_location", "site", ["location"], unique=False, postgresql_using="gist", postgresql_ops={}
    )
    op.create_index(op.f("ix_site_party_id"), "site", ["party_id"], unique=False)
    op.create_table(
        "stake",
        sa.Column("epc", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("party_id", sa.Uuid(), nullable=False),
        sa.Column("via", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.CheckConstraint("via IN ('owner', 'custody')", name=op.f("ck_stake_via_known")),
        sa.ForeignKeyConstraint(["party_id"], ["party.id"], name=op.f("fk_stake_party_id_party")),
        sa.PrimaryKeyConstraint("epc", "party_id", "via", name=op.f("pk_stake")),
    )
    op.create_index("ix_stake_party", "stake", ["party_id", "epc"], unique=False)
    op.create_table(
        "tag_range",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("party_id", sa.Uuid(), nullable=False),
        sa.Column("gs1_prefix", sqlmodel.sql.sqltypes.AutoString(length=12), nullable=False),
        sa.Column("extension_digit", sa.Integer(), nullable=False),
        sa.Column("first_serial", sa.Integer(), nullable=False),
        sa.Column("last_serial", sa.Integer(), nullable=False),
        sa.Column("issued_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("issued_by", sa.Uuid(), nullable=True),
        sa.CheckConstraint("first_serial <= last_serial AND first_serial >= 0", name=op.f("ck_tag_range_range")),
        sa.ForeignKeyConstraint(["issued_by"], ["account.id"], name=op.f("fk_tag_range_issued_by_account")),
        sa.ForeignKeyConstraint(["party_id"], ["party.id"], name=op.f("fk_tag_range_party_id_party")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_tag_range")),
        sa.UniqueConstraint(
            "gs1_prefix",
            "extension_digit",
            "first_serial",
            name=op.f("uq_tag_range_gs1_prefix_extension_digit_first_serial"),
        ),
    )
    op.create_index("ix_tag_range_lookup", "tag_range", ["gs1_prefix", "extension_digit", "last_serial"], unique=False)
    op.create_index(op.f("ix_tag_range_party_id"), "tag_range", ["party_id"], unique=False)
    op.create_table(
        "device_binding",
        sa.Column("device_id", sa.Uuid(), nullable=False),
        sa.Column("from_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("to_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("giai", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.CheckConstraint("to_at IS NULL OR to_at > from_at", name=op.f("ck_device_binding_period")),
        sa.ForeignKeyConstraint(["device_id"], ["device.id"], name=op.f("fk_device_binding_device_id_device")),
        sa.ForeignKeyConstraint(["giai"], ["carrier.giai"], name=op.f("fk_device_binding_giai_carrier")),
        sa.PrimaryKeyConstraint("device_id", "from_at", name=op.f("pk_device_binding")),
    )
    op.create_index(op.f("ix_device_binding_giai"), "device_binding", ["giai"], unique=False)
    op.create_table(
        "finding",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("kind", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("scan_id", sa.Uuid(), nullable=True),
        sa.Column("epc", sqlmodel.sql.sqltypes.AutoString(), nullable=True),
        sa.Column("site_id", sa.Uuid(), nullable=True),
        sa.Column("found_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("facts", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("closed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("closed_by", sa.Uuid(), nullable=True),
        sa.Column("closed_reason", sqlmodel.sql.sqltypes.AutoString(), nullable=True),
        sa.CheckConstraint(
            "kind IN ('unknown_tag', 'wrong_check', 'wrong_site', 'too_fast', 'already_sold', 'already_tagged', 'foreign_tag', 'not_commissioned', 'clock_wrong', 'weight_off', 'heads_off', 'damaged', 'too_warm', 'paper_missing', 'recalled')",
            name=op.f("ck_finding_kind_known"),
        ),
        sa.ForeignKeyConstraint(["closed_by"], ["account.id"], name=op.f("fk_finding_closed_by_account")),
        sa.ForeignKeyConstraint(["site_id"], ["site.id"], name=op.f("fk_finding_site_id_site")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_finding")),
    )
    op.create_index(op.f("ix_finding_epc"), "finding", ["epc"], unique=False)
    op.create_index("ix_finding_open", "finding", ["site_id", "closed_at"], unique=False)
    op.create_index(op.f("ix_finding_scan_id"), "finding", ["scan_id"], unique=False)
    op.create_table(
        "hub",
        sa.Column("site_id", sa.Uuid(), nullable=False),
        sa.Column("unlocode", sqlmodel.sql.sqltypes.AutoString(length=5), nullable=True),
        sa.Column("target_dwell_s", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["site_id"], ["site.id"], name=op.f("fk_hub_site_id_site")),
        sa.PrimaryKeyConstraint("site_id", name=op.f("pk_hub")),
    )
    op.create_table(
        "membership",
        sa.Column("account_id", sa.Uuid(), nullable=False),
        sa.Column("party_id", sa.Uuid(), nullable=False),
        sa.Column("site_id", sa.Uuid(), nullable=True),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"], name=op.f("fk_membership_account_id_account")),
        sa.ForeignKeyConstraint(["party_id"], ["party.id"], name=op.f("fk_membership_party_id_party")),
        sa.ForeignKeyConstraint(["site_id"], ["site.id"], name=op.f("fk_membership_site_id_site")),
        sa.PrimaryKeyConstraint("account_id", name=op.f("pk_membership")),
    )
    op.create_index(op.f("ix_membership_party_id"), "membership", ["party_id"], unique=False)
    op.create_geospatial_table(
        "position",
        sa.Column("device_id", sa.Uuid(), nullable=False),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column(
            "location",
            Geometry(
                geometry_type="POINT",
                srid=4326,
                dimension=2,
                spatial_index=False,
                from_text="ST_GeomFromEWKT",
                name="geometry",
                nullable=False,
            ),
            nullable=False,
        ),
        sa.Column("speed_kmh", sa.Float(), nullable=True),
        sa.Column("heading_deg", sa.Float(), nullable=True),
        sa.Column("accuracy_m", sa.Float(), nullable=True),
        sa.ForeignKeyConstraint(["device_id"], ["device.id"], name=op.f("fk_position_device_id_device")),
        sa.PrimaryKeyConstraint("device_id", "recorded_at", name=op.f("pk_position")),
        postgresql_partition_by="RANGE (recorded_at)",
    )
    op.create_geospatial_index(
        "ix_position_location", "position", ["location"], unique=False, postgresql_using="gist", postgresql_ops={}
    )
    op.create_table(
        "position_refused",
        sa.Column("device_id", sa.Uuid(), nullable=False),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("reason", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("body", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.CheckConstraint(
            "reason IN ('no_fix', 'not_a_number', 'out_of_range', 'null_island', 'in_the_future', 'too_old', 'too_fast', 'inaccurate', 'contradicts')",
            name=op.f("ck_position_refused_reason_known"),
        ),
        sa.ForeignKeyConstraint(["device_id"], ["device.id"], name=op.f("fk_position_refused_device_id_device")),
        sa.PrimaryKeyConstraint("device_id", "recorded_at", "reason", name=op.f("pk_position_refused")),
    )
    op.create_table(
        "price_observation",
        sa.Column("series_id", sa.Uuid(), nullable=False),
        sa.Column("observed_on", sa.Date(), nullable=False),
        sa.Column("known_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("replaced_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("price_idr", sa.Numeric(precision=14, scale=2), nullable=False),
        sa.Column("kind", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("import_id", sa.Uuid(), nullable=True),
        sa.Column("line", sa.Integer(), nullable=True),
        sa.CheckConstraint(
            "kind IN ('observed', 'carried_forward', 'imputed', 'suspicious')",
            name=op.f("ck_price_observation_kind_known"),
        ),
        sa.CheckConstraint("price_idr > 0", name=op.f("ck_price_observation_price_positive")),
        sa.ForeignKeyConstraint(
            ["import_id"], ["price_import.id"], name=op.f("fk_price_observation_import_id_price_import")
        ),
        sa.ForeignKeyConstraint(
            ["series_id"], ["price_series.id"], name=op.f("fk_price_observation_series_id_price_series")
        ),
        sa.PrimaryKeyConstraint("series_id", "observed_on", "known_at", name=op.f("pk_price_observation")),
    )
    op.create_index(
        "uq_price_observation_current",
        "price_observation",
        ["series_id", "observed_on"],
        unique=True,
        postgresql_where="replaced_at IS NULL",
    )
    op.create_table(
        "price_refusal",
        sa.Column("import_id", sa.Uuid(), nullable=False),
        sa.Column("line", sa.Integer(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("kind", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("reason", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("text", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.CheckConstraint("kind IN ('refused', 'suspicious')", name=op.f("ck_price_refusal_kind_known")),
        sa.ForeignKeyConstraint(
            ["import_id"], ["price_import.id"], name=op.f("fk_price_refusal_import_id_price_import")
        ),
        sa.PrimaryKeyConstraint("import_id", "line", "number", name=op.f("pk_price_refusal")),
    )
    op.create_table(
        "sailing",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("giai", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("from_site_id", sa.Uuid(), nullable=False),
        sa.Column("to_site_id", sa.Uuid(), nullable=False),
        sa.Column("cut_off_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("departs_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("arrives_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("capacity", sa.Integer(), nullable=False),
        sa.CheckConstraint("arrives_at > departs_at AND cut_off_at <= departs_at", name=op.f("ck_sailing_times")),
        sa.ForeignKeyConstraint(["from_site_id"], ["site.id"], name=op.f("fk_sailing_from_site_id_site")),
        sa.ForeignKeyConstraint(["giai"], ["carrier.giai"], name=op.f("fk_sailing_giai_carrier")),
        sa.ForeignKeyConstraint(["to_site_id"], ["site.id"], name=op.f("fk_sailing_to_site_id_site")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sailing")),
    )
    op.create_index(op.f("ix_sailing_from_site_id"), "sailing", ["from_site_id"], unique=False)
    op.create_index(op.f("ix_sailing_giai"), "sailing", ["giai"], unique=False)
    op.create_table(
        "scan",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("body_sha256", sa.LargeBinary(), nullable=False),
        sa.Column("step", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("phone_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("scanned_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("account_id", sa.Uuid(), nullable=True),
        sa.Column("device_id", sa.Uuid(), nullable=True),
        sa.Column("site_id", sa.Uuid(), nullable=True),
        sa.Column("outcome", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("answer", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.CheckConstraint("outcome IN ('recorded', 'flagged')", name=op.f("ck_scan_outcome_known")),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"], name=op.f("fk_scan_account_id_account")),
        sa.ForeignKeyConstraint(["device_id"], ["device.id"], name=op.f("fk_scan_device_id_device")),
        sa.ForeignKeyConstraint(["site_id"], ["site.id"], name=op.f("fk_scan_site_id_site")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_scan")),
    )
    op.create_geospatial_table(
        "route",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("name", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("mode", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("from_site_id", sa.Uuid(), nullable=False),
        sa.Column("to_site_id", sa.Uuid(), nullable=False),
        sa.Column(
            "geometry",
            Geometry(
                geometry_type="LINESTRING",
                srid=4326,
                dimension=2,
                spatial_index=False,
                from_text="ST_GeomFromEWKT",
                name="geometry",
                nullable=False,
            ),
            nullable=False,
        ),
        sa.Column("distance_km", sa.Float(), nullable=False),
        sa.Column("usual_duration_s", sa.Integer(), nullable=False),
        sa.CheckConstraint("distance_km > 0 AND usual_duration_s > 0", name=op.f("ck_route_measures_positive")),
        sa.CheckConstraint("mode IN ('road', 'ferry', 'sea')", name=op.f("ck_route_mode_known")),
        sa.ForeignKeyConstraint(["from_site_id"], ["site.id"], name=op.f("fk_route_from_site_id_site")),
        sa.ForeignKeyConstraint(["to_site_id"], ["site.id"], name=op.f("fk_route_to_site_id_site")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_route")),
        sa.UniqueConstraint("from_site_id", "to_site_id", "mode", name=op.f("uq_route_from_site_id_to_site_id_mode")),
    )
    op.create_index(op.f("ix_route_to_site_id"), "route", ["to_site_id"], unique=False)
    op.create_table(
        "shipment",
        sa.Column("gsin", sqlmodel.sql.sqltypes.AutoString(length=17), nullable=False),
        sa.Column("party_id", sa.Uuid(), nullable=False),
        sa.Column("from_site_id", sa.Uuid(), nullable=False),
        sa.Column("to_site_id", sa.Uuid(), nullable=False),
        sa.Column("route", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("product_gtin", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("planned_units", sa.Integer(), nullable=False),
        sa.Column("planned_departure_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("planned_arrival_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("route IN ('sea', 'ferry', 'road')", name=op.f("ck_shipment_route_known")),
        sa.ForeignKeyConstraint(["from_site_id"], ["site.id"], name=op.f("fk_shipment_from_site_id_site")),
        sa.ForeignKeyConstraint(["party_id"], ["party.id"], name=op.f("fk_shipment_party_id_party")),
        sa.ForeignKeyConstraint(["product_gtin"], ["product.gtin"], name=op.f("fk_shipment_product_gtin_product")),
        sa.ForeignKeyConstraint(["to_site_id"], ["site.id"], name=op.f("fk_shipment_to_site_id_site")),
        sa.PrimaryKeyConstraint("gsin", name=op.f("pk_shipment")),
    )
    op.create_index(op.f("ix_shipment_party_id"), "shipment", ["party_id"], unique=False)
    op.create_index(op.f("ix_shipment_to_site_id"), "shipment", ["to_site_id"], unique=False)
    op.create_table(
        "warehouse",
        sa.Column("site_id", sa.Uuid(), nullable=False),
        sa.Column("handling_kg_per_day", sa.Numeric(precision=14, scale=3), nullable=True),
        sa.ForeignKeyConstraint(["site_id"], ["site.id"], name=op.f("fk_warehouse_site_id_site")),
        sa.PrimaryKeyConstraint("site_id", name=op.f("pk_warehouse")),
    )
    op.create_table(
        "gate_visit",
        sa.Column("site_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("giai", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("gsin", sqlmodel.sql.sqltypes.AutoString(), nullable=True),
        sa.Column("stage", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("gate_in_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("stage_since", sa.DateTime(timezone=True), nullable=False),
        sa.Column("gate_out_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("weight_kg", sa.Numeric(precision=14, scale=3), nullable=True),
        sa.ForeignKeyConstraint(["giai"], ["carrier.giai"], name=op.f("fk_gate_visit_giai_carrier")),
        sa.ForeignKeyConstraint(["gsin"], ["shipment.gsin"], name=op.f("fk_gate_visit_gsin_shipment")),
        sa.ForeignKeyConstraint(["site_id"], ["hub.site_id"], name=op.f("fk_gate_visit_site_id_hub")),
        sa.PrimaryKeyConstraint("site_id", "id", name=op.f("pk_gate_visit")),
    )
    op.create_index("ix_gate_visit_carrier", "gate_visit", ["giai", "gate_in_at"], unique=False)
    op.create_table(
        "room",
        sa.Column("warehouse_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("code", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("zone", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("capacity_kg", sa.Numeric(precision=14, scale=3), nullable=False),
        sa.CheckConstraint("zone IN ('dry', 'chilled', 'frozen')", name=op.f("ck_room_zone_known")),
        sa.CheckConstraint("capacity_kg > 0", name=op.f("ck_room_capacity_positive")),
        sa.ForeignKeyConstraint(["warehouse_id"], ["warehouse.site_id"], name=op.f("fk_room_warehouse_id_warehouse")),
        sa.PrimaryKeyConstraint("warehouse_id", "id", name=op.f("pk_room")),
        sa.UniqueConstraint("warehouse_id", "code", name=op.f("uq_room_warehouse_id_code")),
    )
    op.create_table(
        "shipment_leg",
        sa.Column("gsin", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("mode", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("giai", sqlmodel.sql.sqltypes.AutoString(), nullable=True),
        sa.Column("from_site_id", sa.Uuid(), nullable=False),
        sa.Column("to_site_id", sa.Uuid(), nullable=False),
        sa.Column("planned_departure_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("planned_arrival_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("mode IN ('road', 'ferry', 'sea')", name=op.f("ck_shipment_leg_mode_known")),
        sa.ForeignKeyConstraint(["from_site_id"], ["site.id"], name=op.f("fk_shipment_leg_from_site_id_site")),
        sa.ForeignKeyConstraint(["giai"], ["carrier.giai"], name=op.f("fk_shipment_leg_giai_carrier")),
        sa.ForeignKeyConstraint(["gsin"], ["shipment.gsin"], name=op.f("fk_shipment_leg_gsin_shipment")),
        sa.ForeignKeyConstraint(["to_site_id"], ["site.id"], name=op.f("fk_shipment_leg_to_site_id_site")),
        sa.PrimaryKeyConstraint("gsin", "number", name=op.f("pk_shipment_leg")),
    )
    op.create_table(
        "shipment_paper",
        sa.Column("gsin", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("kind", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("number", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("issued_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["gsin"], ["shipment.gsin"], name=op.f("fk_shipment_paper_gsin_shipment")),
        sa.PrimaryKeyConstraint("gsin", "kind", name=op.f("pk_shipment_paper")),
    )
    op.create_table(
        "stock_movement",
        sa.Column("warehouse_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("sscc", sqlmodel.sql.sqltypes.AutoString(length=18), nullable=False),
        sa.Column("kind", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("quantity_kg", sa.Numeric(precision=14, scale=3), nullable=False),
        sa.Column("room", sqlmodel.sql.sqltypes.AutoString(), nullable=True),
        sa.Column("moved_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("scan_id", sa.Uuid(), nullable=True),
        sa.Column("reason", sqlmodel.sql.sqltypes.AutoString(), nullable=True),
        sa.CheckConstraint(
            "kind IN ('receive', 'store', 'pick', 'dispatch', 'adjust', 'write_off', 'return')",
            name=op.f("ck_stock_movement_kind_known"),
        ),
        sa.ForeignKeyConstraint(
            ["warehouse_id"], ["warehouse.site_id"], name=op.f("fk_stock_movement_warehouse_id_warehouse")
        ),
        sa.PrimaryKeyConstraint("warehouse_id", "id", name=op.f("pk_stock_movement")),
    )
    op.create_index("ix_stock_movement_sscc", "stock_movement", ["warehouse_id", "sscc"], unique=False)
    op.create_table(
        "stock_unit",
        sa.Column("warehouse_id", sa.Uuid(), nullable=False),
        sa.Column("sscc", sqlmodel.sql.sqltypes.AutoString(length=18), nullable=False),
        sa.Column("gtin", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("lot_uri", sqlmodel.sql.sqltypes.AutoString(), nullable=True),
        sa.Column("owner_id", sa.Uuid(), nullable=False),
        sa.Column("room", sqlmodel.sql.sqltypes.AutoString(), nullable=True),
        sa.Column("quantity_kg", sa.Numeric(precision=14, scale=3), nullable=False),
        sa.Column("head_count", sa.Integer(), nullable=True),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_on", sa.Date(), nullable=True),
        sa.Column("held", sa.Boolean(), nullable=False),
        sa.CheckConstraint("quantity_kg >= 0", name=op.f("ck_stock_unit_not_negative")),
        sa.ForeignKeyConstraint(["gtin"], ["product.gtin"], name=op.f("fk_stock_unit_gtin_product")),
        sa.ForeignKeyConstraint(["owner_id"], ["party.id"], name=op.f("fk_stock_unit_owner_id_party")),
        sa.ForeignKeyConstraint(
            ["warehouse_id"], ["warehouse.site_id"], name=op.f("fk_stock_unit_warehouse_id_warehouse")
        ),
        sa.PrimaryKeyConstraint("warehouse_id", "sscc", name=op.f("pk_stock_unit")),
    )
    op.create_index("ix_stock_unit_product", "stock_unit", ["warehouse_id", "gtin", "expires_on"], unique=False)


def downgrade() -> None:
    op.execute("ALTER DEFAULT PRIVILEGES IN SCHEMA public REVOKE ALL ON TABLES FROM lumbung_app")
    op.execute("DROP FUNCTION make_position_partition")
    drop_tables()
    op.execute("DROP FUNCTION refuse_change")  # the role stays: other databases of the server may use it


def drop_tables() -> None:
    op.drop_index("ix_stock_unit_product", table_name="stock_unit")
    op.drop_table("stock_unit")
    op.drop_index("ix_stock_movement_sscc", table_name="stock_movement")
    op.drop_table("stock_movement")
    op.drop_table("shipment_paper")
    op.drop_table("shipment_leg")
    op.drop_table("room")
    op.drop_index("ix_gate_visit_carrier", table_name="gate_visit")
    op.drop_table("gate_visit")
    op.drop_table("warehouse")
    op.drop_index(op.f("ix_shipment_to_site_id"), table_name="shipment")
    op.drop_index(op.f("ix_shipment_party_id"), table_name="shipment")
    op.drop_table("shipment")
    op.drop_index(op.f("ix_route_to_site_id"), table_name="route")
    op.drop_geospatial_table("route")
    op.drop_table("scan")
    op.drop_index(op.f("ix_sailing_giai"), table_name="sailing")
    op.drop_index(op.f("ix_sailing_from_site_id"), table_name="sailing")
    op.drop_table("sailing")
    op.drop_table("price_refusal")
    op.drop_index(
        "uq_price_observation_current", table_name="price_observation", postgresql_where="replaced_at IS NULL"
    )
    op.drop_table("price_observation")
    op.drop_table("position_refused")
    op.drop_geospatial_index(
        "ix_position_location", table_name="position", postgresql_using="gist", column_name="location"
    )
    op.drop_geospatial_table("position")
    op.drop_index(op.f("ix_membership_party_id"), table_name="membership")
    op.drop_table("membership")
    op.drop_table("hub")
    op.drop_index(op.f("ix_finding_scan_id"), table_name="finding")
    op.drop_index("ix_finding_open", table_name="finding")
    op.drop_index(op.f("ix_finding_epc"), table_name="finding")
    op.drop_table("finding")
    op.drop_index(op.f("ix_device_binding_giai"), table_name="device_binding")
    op.drop_table("device_binding")
    op.drop_index(op.f("ix_tag_range_party_id"), table_name="tag_range")
    op.drop_index("ix_tag_range_lookup", table_name="tag_range")
    op.drop_table("tag_range")
    op.drop_index("ix_stake_party", table_name="stake")
    op.drop_table("stake")
    op.drop_index(op.f("ix_site_party_id"), table_name="site")
    op.drop_geospatial_index("idx_site_location", table_name="site", postgresql_using="gist", column_name="location")
    op.drop_geospatial_index("idx_site_boundary", table_name="site", postgresql_using="gist", column_name="boundary")
    op.drop_geospatial_table("site")
    op.drop_index(op.f("ix_sign_in_account_id"), table_name="sign_in")
    op.drop_table("sign_in")
    op.drop_table("price_import")
    op.drop_index("uq_price_alert_open", table_name="price_alert", postgresql_where="ended_on IS NULL")
    op.drop_table("price_alert")
    op.drop_index(op.f("ix_lot_party_id"), table_name="lot")
    op.drop_index(op.f("ix_lot_gtin"), table_name="lot")
    op.drop_table("lot")
    op.drop_index("ix_event_read_point", table_name="event")
    op.drop_index("ix_event_event_time", table_name="event")
    op.drop_index("ix_event_biz_location", table_name="event")
    op.drop_table("event")
    op.drop_index(op.f("ix_device_account_id"), table_name="device")
    op.drop_table("device")
    op.drop_table("container")
    op.drop_index(op.f("ix_carrier_name"), table_name="carrier")
    op.drop_table("carrier")
    op.drop_index(op.f("ix_api_token_account_id"), table_name="api_token")
    op.drop_table("api_token")
    op.drop_index(op.f("ix_sign_in_attempt_login"), table_name="sign_in_attempt")
    op.drop_table("sign_in_attempt")
    op.drop_index(op.f("ix_reference_price_commodity"), table_name="reference_price")
    op.drop_table("reference_price")
    op.drop_table("product")
    op.drop_index(op.f("ix_price_series_commodity"), table_name="price_series")
    op.drop_table("price_series")
    op.drop_table("party")
    op.drop_index("ix_lineage_input", table_name="lineage")
    op.drop_table("lineage")
    op.drop_table("event_unsealed")
    op.drop_table("event_sequence")
    op.drop_index("ix_event_key_declared", table_name="event_key", postgresql_where="declares_error")
    op.drop_table("event_key")
    op.drop_index("ix_event_epc_epc", table_name="event_epc")
    op.drop_table("event_epc")
    op.drop_index("ix_epc_state_place", table_name="epc_state")
    op.drop_index("ix_epc_state_lot", table_name="epc_state")
    op.drop_table("epc_state")
    op.drop_index("ix_containment_parent", table_name="containment")
    op.drop_table("containment")
    op.drop_table("account")
