"""How many rows each table gets.

At scale 1 every table holds ``base`` rows: together with what ``migrate`` makes, the 1,123 records of the
analysis of 13 July 2025. Each further unit of scale adds ``step`` rows. A larger company is not the demonstration
many times over: movements and order lines outgrow orders, and master data hardly grows at all.
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class Volume:
    """Rows of one table: at scale 1, and for each further unit of scale."""

    base: int
    step: float = 0.0

    def at(self, scale: int) -> int:
        return self.base + int((scale - 1) * self.step)


VOLUMES: dict[str, Volume] = {
    # Organisation and accounts
    "core.Company": Volume(2),
    "core.Branch": Volume(3, 0.02),
    "core.Department": Volume(5, 0.03),
    "core.SystemSetting": Volume(3),
    "auth.User": Volume(27, 0.3),
    "auth.Group": Volume(3),
    "users.UserProfile": Volume(6, 0.3),
    "users.Role": Volume(3, 0.01),
    "users.RoleAssignment": Volume(4, 0.3),
    "users.LoginEvent": Volume(3, 10),
    # What finance refers to
    "erp.Currency": Volume(3),
    "erp.TaxRate": Volume(2),
    "erp.PaymentTerm": Volume(2),
    "erp.CostCenter": Volume(1, 0.02),
    "erp.Account": Volume(5, 0.1),
    # People
    "erp.Position": Volume(2, 0.02),
    "erp.Employee": Volume(6, 0.25),
    "erp.LeaveRequest": Volume(1, 1),
    "erp.Attendance": Volume(0, 12),
    # Catalogue
    "erp.UnitOfMeasure": Volume(4),
    "erp.ProductCategory": Volume(4, 0.05),
    "erp.Product": Volume(9, 2),
    "erp.ProductRevision": Volume(1, 1),
    "erp.Material": Volume(10, 4),
    "erp.BOM": Volume(12, 15),
    "erp.SupplierMaterial": Volume(4, 6),
    "erp.PriceList": Volume(1, 0.01),
    "erp.PriceListItem": Volume(9, 2),
    # Partners
    "erp.CustomerGroup": Volume(2, 0.01),
    "erp.Customer": Volume(4, 1.5),
    "erp.CustomerContact": Volume(3, 2),
    "erp.CustomerAddress": Volume(3, 2),
    "erp.Supplier": Volume(3, 0.3),
    "erp.SupplierContact": Volume(2, 0.4),
    "erp.SupplierEvaluation": Volume(2, 0.6),
    # Stock
    "inventory.Warehouse": Volume(2, 0.01),
    "inventory.StorageLocation": Volume(4, 1),
    "inventory.Inventory": Volume(10, 20),
    "inventory.InventoryRecord": Volume(30, 40),
    "erp.InventoryMovement": Volume(30, 100),
    # Sales
    "erp.SalesQuotation": Volume(2, 10),
    "erp.SalesQuotationItem": Volume(3, 25),
    "erp.SalesOrder": Volume(20, 50),
    "erp.SalesOrderItem": Volume(54, 150),
    "erp.SalesReturn": Volume(0, 1),
    # Purchasing
    "erp.PurchaseRequest": Volume(1, 5),
    "erp.PurchaseRequestItem": Volume(2, 10),
    "erp.PurchaseOrder": Volume(6, 15),
    "erp.PurchaseOrderItem": Volume(21, 45),
    "erp.GoodsReceipt": Volume(3, 10),
    "erp.GoodsReceiptItem": Volume(4, 25),
    # Manufacturing
    "erp.WorkCenter": Volume(2, 0.02),
    "erp.Machine": Volume(3, 0.1),
    "erp.RoutingOperation": Volume(3, 4),
    "erp.ProductionOrder": Volume(46, 50),
    "erp.MaterialConsumption": Volume(2, 50),
    "production.ProductionLine": Volume(2, 0.02),
    "production.ProductionPlan": Volume(2, 3),
    "production.DowntimeEvent": Volume(2, 8),
    # Quality
    "erp.QualityInspection": Volume(4, 40),
    "erp.InspectionMeasurement": Volume(2, 30),
    "erp.NonConformance": Volume(1, 2),
    # What finance writes
    "erp.Invoice": Volume(4, 35),
    "erp.InvoiceItem": Volume(5, 50),
    "erp.Payment": Volume(2, 25),
    "erp.JournalEntry": Volume(1, 30),
    "erp.JournalLine": Volume(2, 60),
    # Logistics
    "erp.Carrier": Volume(1, 0.01),
    "erp.Shipment": Volume(2, 25),
    # Controlled documents
    "qms.DocumentCategory": Volume(2, 0.02),
    "qms.Document": Volume(4, 0.5),
    "qms.DocumentRevision": Volume(5, 1),
    "qms.DocumentApproval": Volume(3, 1),
    "qms.QualityAudit": Volume(1, 0.1),
    "qms.AuditFinding": Volume(2, 0.5),
    "qms.CorrectiveAction": Volume(2, 1),
    "qms.TrainingRecord": Volume(2, 2),
    # Maintenance, tasks, assets
    "work_orders.WorkOrder": Volume(3, 4),
    "work_orders.WorkOrderTask": Volume(4, 12),
    "erp.Todo": Volume(4, 8),
    "erp.TodoComment": Volume(1, 4),
    "erp.FixedAsset": Volume(2, 0.4),
    "erp.Vehicle": Volume(1, 0.05),
    # AI forms
    "ai_forms.FormTemplate": Volume(4, 0.05),
    "ai_forms.FormSection": Volume(10, 0.15),
    "ai_forms.FormField": Volume(138, 1.5),
    "ai_forms.FormSubmission": Volume(3, 5),
    "ai_forms.FormAnswer": Volume(6, 25),
    "ai_forms.FormSuggestion": Volume(2, 1),
    # What happened
    "core.AuditLog": Volume(5, 40),
    "core.Attachment": Volume(2, 4),
    "core.Notification": Volume(3, 10),
    "admin.LogEntry": Volume(2, 3),
}
