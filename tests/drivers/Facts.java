import java.sql.Connection;
import java.sql.DatabaseMetaData;
import java.sql.DriverManager;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.List;

/**
 * What a program on JDBC (DBeaver, Metabase, Tableau) finds in the warehouse, for test_bi_tools.py.
 *
 * <p>libpq's variables name the login; the arguments are three queries: one of each type, one of the
 * branches, one that is to be refused. Prints records of fields, with ASCII's separators.
 */
public class Facts {
    public static void main(String[] queries) throws SQLException {
        String address = String.format(
            "jdbc:postgresql://%s:%s/%s",
            System.getenv("PGHOST"), System.getenv("PGPORT"), System.getenv("PGDATABASE"));
        try (Connection connection = DriverManager.getConnection(
                address, System.getenv("PGUSER"), System.getenv("PGPASSWORD"))) {
            DatabaseMetaData catalog = connection.getMetaData();
            List<String> marts = new ArrayList<>();
            String[] kinds = {"TABLE", "VIEW", "MATERIALIZED VIEW", "PARTITIONED TABLE"};
            try (ResultSet found = catalog.getTables(null, null, "%", kinds)) {
                while (found.next()) {
                    String schema = found.getString("TABLE_SCHEM");
                    String table = found.getString("TABLE_NAME");
                    print("table", schema, table, remarks(found));
                    if (schema.equals("marts")) {
                        marts.add(table);
                    }
                }
            }
            try (ResultSet found = catalog.getColumns(null, "marts", "%", "%")) {
                while (found.next()) {
                    print("column", found.getString("TABLE_NAME"), found.getString("COLUMN_NAME"),
                        found.getString("TYPE_NAME"), remarks(found));
                }
            }
            for (String table : marts) {
                try (ResultSet found = catalog.getPrimaryKeys(null, "marts", table)) {
                    while (found.next()) {
                        print("primary key", table, found.getString("KEY_SEQ"),
                            found.getString("COLUMN_NAME"));
                    }
                }
                try (ResultSet found = catalog.getImportedKeys(null, "marts", table)) {
                    while (found.next()) {
                        print("foreign key", table, found.getString("FKCOLUMN_NAME"),
                            found.getString("PKTABLE_NAME"), found.getString("PKCOLUMN_NAME"));
                    }
                }
            }
            try (Statement statement = connection.createStatement();
                    ResultSet row = statement.executeQuery(queries[0])) {
                row.next();
                for (int i = 1; i <= row.getMetaData().getColumnCount(); i++) {
                    print("value", row.getMetaData().getColumnName(i),
                        row.getObject(i).getClass().getName(), row.getObject(i).toString());
                }
            }
            try (Statement statement = connection.createStatement();
                    ResultSet row = statement.executeQuery(queries[1])) {
                while (row.next()) {
                    print("branch", row.getString(1), row.getString(2));
                }
            }
            try (Statement statement = connection.createStatement()) {
                statement.executeQuery(queries[2]);
            } catch (SQLException refused) {
                print("refused", refused.getMessage());
            }
        }
    }

    private static String remarks(ResultSet found) throws SQLException {
        String text = found.getString("REMARKS");
        return text == null ? "" : text;
    }

    private static void print(String... fields) {
        System.out.print(String.join("\u001f", fields) + "\u001e");
    }
}
